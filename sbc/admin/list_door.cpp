#include "sbc/admin/list_door.hpp"

#include <algorithm>
#include <utility>

#include "sbc/admin/phone_rows.hpp"
#include "sbc/admin/reply.hpp"

namespace dw::admin {

/// One answer, until its exchange ends.
struct ListDoor::List {
  List(const phones::Inventory& inventory, const doctor::VerdictBook& verdicts, PhoneQuery query)
      : scan(inventory, verdicts, std::move(query)) {}
  std::uint64_t id = 0;
  std::shared_ptr<net::HttpExchange> exchange;
  PhoneScan scan;
  std::string text;       ///< written, but not all read yet
  std::size_t taken = 0;  ///< octets that were read
  std::size_t rows = 0;
  bool scanned = false, begun = false, whole = false;
  bool answered = false, queued = false;
  bool csv() const { return scan.query().form == PhoneQuery::Form::csv; }
};

void ListDoor::give(const std::shared_ptr<net::HttpExchange>& exchange) {
  auto query = parse_phone_query(exchange->query());
  if (!query) return exchange->reply(error_reply(400, query.error().text));
  const auto list = std::make_shared<List>(inventory_, verdicts_, *std::move(query));
  list->id = ++last_id_;
  list->exchange = exchange;
  lists_[list->id] = list;
  exchange->on_end([this, id = list->id, alive = std::weak_ptr(alive_)](bool, std::uint64_t) {
    if (!alive.expired()) lists_.erase(id);
  });
  do_some(list);
}

void ListDoor::queue(List& list) {
  if (list.queued) return;
  list.queued = true;
  turns_.push_back(list.id);
  if (std::exchange(turning_, true)) return;
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) turn();
  });
}

/// Does a small part of one list, then lets the loop do everything else.
void ListDoor::turn() {
  turning_ = false;
  if (turns_.empty()) return;
  const auto found = lists_.find(turns_.front());
  turns_.pop_front();
  if (found != lists_.end()) {
    const auto list = found->second;
    list->queued = false;
    do_some(list);
  }
  if (turns_.empty() || std::exchange(turning_, true)) return;
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) turn();
  });
}

void ListDoor::do_some(const std::shared_ptr<List>& list) {
  if (!list->scanned) {
    list->scanned = list->scan.step(wall_now(), kLookedAt);
    if (!list->scanned) return queue(*list);
  }
  write_rows(*list);
  if (!list->scanned && list->text.empty()) return queue(*list);
  if (list->answered) return list->exchange->wake();
  answer(list);
}

void ListDoor::write_rows(List& list) const {
  if (!std::exchange(list.begun, true)) {
    verdicts_.catch_up();
    list.text = list.csv() ? std::string(phone_row_csv_head())
                           : phone_list_head(inventory_, verdicts_, list.scan) + ",\"phones\":[";
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    const phones::Phone* const phone = list.scan.next();
    if (phone == nullptr) {
      list.whole = list.scan.over();
      list.scanned = list.whole;  // if not whole, the scan continues
      break;
    }
    if (!list.csv()) list.text += list.rows == 0 ? "\n" : ",\n";
    const doctor::PhoneVerdict& verdict = verdicts_.of(*phone);
    list.text += list.csv() ? phone_row_csv(*phone, verdict) : phone_row_json(*phone, verdict);
    ++list.rows;
  }
  if (!list.whole || list.csv()) return;
  const std::string cursor = list.scan.next_cursor();
  list.text += list.rows == 0 ? "],\"next\":" : "\n],\"next\":";
  list.text += cursor.empty() ? "null}\n" : "\"" + cursor + "\"}\n";
}

void ListDoor::answer(const std::shared_ptr<List>& list) {
  list->answered = true;
  net::HttpReply reply = list->csv() ? reply_of(200, "text/csv; charset=utf-8; header=present", {}) : json_reply({});
  if (list->csv()) reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"dropwire-phones.csv\"");
  const auto exchange = list->exchange;  // its end may come within reply(), and destroys the list
  if (list->whole) {
    reply.text = std::move(list->text);
    return exchange->reply(std::move(reply));
  }
  reply.stream = net::HttpBody{net::HttpBody::kUnknownSize,
                               [this, list, alive = std::weak_ptr(alive_)](std::uint64_t, MutableBytes into) {
                                 return alive.expired() ? net::HttpBody::kAbort : read(*list, into);
                               }};
  exchange->reply(std::move(reply));
}

long ListDoor::read(List& list, MutableBytes into) {
  const std::size_t part = std::min(into.size(), list.text.size() - list.taken);
  if (part != 0) {
    std::ranges::copy(as_bytes(std::string_view(list.text)).subspan(list.taken, part), into.begin());
    list.taken += part;
    return static_cast<long>(part);
  }
  if (list.whole) return net::HttpBody::kEnd;
  list.text.clear();
  list.taken = 0;
  queue(list);
  return net::HttpBody::kWait;
}

}  // namespace dw::admin
