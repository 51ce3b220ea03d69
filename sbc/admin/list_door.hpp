#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "sbc/admin/phone_scan.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/loop.hpp"

namespace dw::admin {

/// GET /api/phones (API.md). However many phones there are, the loop is held only for a few hundred at a time, answers
/// take turns, and rows are written as the client reads them. On the loop's thread; the inventory and its verdicts
/// outlive it.
class ListDoor {
 public:
  static constexpr std::size_t kLookedAt = 200;  ///< phones examined at a time
  static constexpr std::size_t kRows = 32;       ///< rows written at a time

  ListDoor(net::Loop& loop, const phones::Inventory& inventory, doctor::VerdictBook& verdicts)
      : loop_(loop), inventory_(inventory), verdicts_(verdicts) {}
  ListDoor(const ListDoor&) = delete;
  ListDoor& operator=(const ListDoor&) = delete;

  void give(const std::shared_ptr<net::HttpExchange>& exchange);

 private:
  struct List;
  void turn();
  void do_some(const std::shared_ptr<List>& list);
  void write_rows(List& list) const;
  void answer(const std::shared_ptr<List>& list);
  long read(List& list, MutableBytes into);
  void queue(List& list);

  net::Loop& loop_;
  const phones::Inventory& inventory_;
  doctor::VerdictBook& verdicts_;
  std::map<std::uint64_t, std::shared_ptr<List>> lists_;
  std::deque<std::uint64_t> turns_;  ///< lists with work to do
  std::uint64_t last_id_ = 0;
  bool turning_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace dw::admin
