#pragma once
#include <uv.h>

#include <type_traits>
#include <utility>

#include "sbc/net/loop.hpp"

namespace dw::net {

/// What every libuv handle's `data` points to, so that the loop can close a leftover handle without knowing its type.
struct HandleCell {
  HandleCell() = default;
  HandleCell(const HandleCell&) = delete;
  HandleCell& operator=(const HandleCell&) = delete;
  virtual ~HandleCell() = default;

  /// The only close callback, and the only place that frees the handle's memory.
  static void on_closed(uv_handle_t* handle) noexcept { delete static_cast<HandleCell*>(handle->data); }

  HandleCell** owner = nullptr;  ///< the owner's pointer to this cell, set to null when the loop is destroyed first
};

/// Move-only owner of one libuv handle of type `Uv` (uv_timer_t, uv_poll_t…) and of the `User` value (its callback)
/// beside it. The destructor closes the handle, even inside the handle's own callback; libuv calls nothing afterwards,
/// and the memory is freed in the close callback. An owner that outlives the loop becomes empty.
template <class Uv, class User>
class Handle {
 public:
  Handle() = default;
  /// `init(uv_loop_t*, Uv*)` is libuv's function; returns its error code (0: success). On failure the owner stays
  /// empty.
  template <class Init>
  int open(Loop& loop, User user, Init init) {
    static_assert(std::is_invocable_r_v<int, Init, uv_loop_t*, Uv*>);
    close();
    auto* cell = new Cell(std::move(user));
    const int result = init(loop.raw(), &cell->uv);
    if (result != 0) {
      delete cell;  // never became a handle
      return result;
    }
    cell->uv.data = static_cast<HandleCell*>(cell);
    cell->owner = &cell_;
    cell_ = cell;
    return 0;
  }
  ~Handle() { close(); }
  Handle(Handle&& other) noexcept { take(other); }
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      close();
      take(other);
    }
    return *this;
  }

  explicit operator bool() const { return cell_ != nullptr; }
  Uv* raw() const { return &static_cast<Cell*>(cell_)->uv; }
  uv_handle_t* base() const { return reinterpret_cast<uv_handle_t*>(raw()); }  // libuv's own kind of inheritance
  User& user() const { return static_cast<Cell*>(cell_)->user; }

  /// For libuv's callbacks: the handle's user value.
  static User& user_of(Uv* handle) { return static_cast<Cell*>(static_cast<HandleCell*>(handle->data))->user; }

  void close() {
    if (!cell_) return;
    uv_handle_t* handle = base();
    cell_->owner = nullptr;
    cell_ = nullptr;
    uv_close(handle, HandleCell::on_closed);
  }

 private:
  struct Cell : HandleCell {
    explicit Cell(User u) : user(std::move(u)) {}
    Uv uv{};
    User user;
  };
  void take(Handle& other) {
    cell_ = std::exchange(other.cell_, nullptr);
    if (cell_) cell_->owner = &cell_;
  }

  HandleCell* cell_ = nullptr;
};

}  // namespace dw::net
