// SPDX-License-Identifier: MIT
// Delegate<R(Args...)>: an object and one of its member functions, in two words. Never allocates,
// never owns; whoever stores one must not outlive the object, which is why delegates are only held
// by members of that same object (a Timer, an FdEvent).
#pragma once

#include <utility>

namespace sluice {

template <typename Signature>
class Delegate;

template <typename R, typename... Args>
class Delegate<R(Args...)> {
 public:
  Delegate() = default;

  // Delegate<void()>::of<&Session::on_timeout>(this)
  template <auto Method, typename Object>
  static Delegate of(Object* object) {
    Delegate delegate;
    delegate.object_ = object;
    delegate.call_ = [](void* target, Args... args) -> R {
      return (static_cast<Object*>(target)->*Method)(std::forward<Args>(args)...);
    };
    return delegate;
  }

  explicit operator bool() const { return call_ != nullptr; }

  // REQUIRES: *this is not empty and its object is alive.
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_ = nullptr;
  R (*call_)(void*, Args...) = nullptr;
};

}  // namespace sluice
