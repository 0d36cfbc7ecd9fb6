// AnySettings: owns the settings of one policy, whatever their type; copies are deep.
//
// The loader and the printers handle all policies alike and know no settings type. A policy asks for its own with
// as<S>(); asking for another type is a programming mistake and ends the process.
#pragma once

#include <cstdlib>
#include <memory>
#include <utility>

namespace holdfast::config {

class AnySettings {
 public:
  AnySettings() = default;
  template <class S>
  static AnySettings of(S settings) {
    AnySettings any;
    any.content_ = std::make_unique<Holder<S>>(std::move(settings));
    return any;
  }
  AnySettings(const AnySettings& other) : content_(other.content_ ? other.content_->clone() : nullptr) {}
  AnySettings(AnySettings&&) noexcept = default;
  AnySettings& operator=(const AnySettings& other) {
    content_ = other.content_ ? other.content_->clone() : nullptr;
    return *this;
  }
  AnySettings& operator=(AnySettings&&) noexcept = default;
  ~AnySettings() = default;

  template <class S>
  const S& as() const {
    return holder<S>().value;
  }
  template <class S>
  S& as() {
    return const_cast<S&>(std::as_const(*this).template as<S>());
  }

 private:
  template <class S>
  static constexpr char type_tag = 0;  // its address names the type

  struct Content {
    virtual ~Content() = default;
    virtual std::unique_ptr<Content> clone() const = 0;
    virtual const void* tag() const noexcept = 0;
  };
  template <class S>
  struct Holder final : Content {
    explicit Holder(S settings) : value(std::move(settings)) {}
    std::unique_ptr<Content> clone() const override { return std::make_unique<Holder>(value); }
    const void* tag() const noexcept override { return &type_tag<S>; }
    S value;
  };

  template <class S>
  const Holder<S>& holder() const {
    if (content_ == nullptr || content_->tag() != &type_tag<S>) std::abort();
    return static_cast<const Holder<S>&>(*content_);
  }

  std::unique_ptr<Content> content_;
};

}  // namespace holdfast::config
