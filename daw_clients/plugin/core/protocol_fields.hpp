// What a list of fields says of each of them: its bounds, its words, its place in the message; and the
// error that says so. Floats are looked at by their bits: -ffast-math changes nothing.
//
// Part of generated/bridge_protocol.hpp: include that header, not this one. Any thread, not real-time safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace anacrusis::protocol {

/// Bytes that are no legal message. ``code`` is one of ``codes``, ``field`` is dotted where it is nested.
struct ProtocolError final : std::exception {
    ProtocolError(const char* code_text, std::string field_name, std::string sentence)
        : code(code_text), field(std::move(field_name)), message(std::move(sentence)) {}
    const char* what() const noexcept override { return message.c_str(); }

    std::string code, field, message;
};

// ---------------------------------------------------------------- what a field list says

inline constexpr std::int64_t kLeastWhole = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kMostWhole = std::numeric_limits<std::int64_t>::max();
inline constexpr double kInfinite = std::numeric_limits<double>::infinity();
inline constexpr std::size_t kAnyLength = std::numeric_limits<std::size_t>::max();

enum class Need : std::uint8_t { required, optional };

/// Bounds of an integer, both included. Beyond 64 bits with a sign nothing is taken.
struct Whole {
    std::int64_t least = kLeastWhole, most = kMostWhole;
};

/// Bounds of a float, included unless they are open. A bounded one is finite.
struct Real {
    double least = -kInfinite, most = kInfinite;
    bool least_open = false, most_open = false;
};

/// Bounds of a text: Unicode characters, and of which ASCII characters it is made, if of certain ones.
struct Text {
    std::size_t longest = kAnyLength;
    const char* characters = nullptr;
    std::size_t exactly = 0;  // with characters: how many; 0: any number
    bool may_be_empty = true;
};

/// How many entries a list has.
struct Count {
    std::size_t least = 0, most = kAnyLength;
};

/// The words of an enumeration.
template <std::size_t count>
struct Words {
    const char* words[count];
};

/// A member of an enumeration as it travels.
template <class Enum>
constexpr const char* word_of(Enum value) noexcept {
    return words_of(value).words[static_cast<std::size_t>(value)];
}

/// True for what travels as an array of its fields.
template <class Struct>
constexpr bool is_array_like(const Struct*) noexcept {
    return false;
}

/// The place of a value in its message; text is made of it only for an error.
class Path {
public:
    Path() = default;
    Path(const Path& parent, const char* name) : parent_(&parent), name_(name) {}
    Path(const Path& parent, std::size_t index) : parent_(&parent), index_(index) {}

    /// Of a value whose key is not told.
    static Path entry_of(const Path& parent) { return {parent, kEntry}; }

    /// Whether the text leads to one value: not that of the whole message, nor that of an entry.
    bool leads_to_value() const noexcept { return parent_ != nullptr && !is_entry(); }

    std::string text() const {
        if (parent_ == nullptr) return {};
        const std::string before = parent_->text();
        if (is_entry()) return before + "[...]";
        if (name_ == nullptr) return before + "[" + std::to_string(index_) + "]";
        return before.empty() ? name_ : before + "." + name_;
    }

    [[noreturn]] void refuse(const char* code, const std::string& words) const {
        std::string field = text();
        if (field.empty()) field = "header";
        const std::string sentence = field + " " + words + ".";
        throw ProtocolError(code, std::move(field), sentence);
    }

private:
    bool is_entry() const noexcept { return name_ == nullptr && index_ == kEntry; }

    static constexpr std::size_t kEntry = std::numeric_limits<std::size_t>::max();

    const Path* parent_ = nullptr;
    const char* name_ = nullptr;
    std::size_t index_ = 0;
};

/// Rules between the fields of one struct; see core/protocol_rules.hpp. Most have none.
template <class Struct>
void check_rules(const Struct&, const Path&) {}

inline std::uint64_t bits_of(double number) noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
}

/// Whether ``number`` is neither infinite nor NaN.
inline bool is_finite(double number) noexcept {
    constexpr std::uint64_t kExponent = 0x7FF0'0000'0000'0000U;
    return (bits_of(number) & kExponent) != kExponent;
}

/// The word under which a message's type travels.
inline constexpr std::string_view kTypeKey = "type";

template <class Struct, class = void>
struct IsMessage : std::false_type {};
template <class Struct>
struct IsMessage<Struct, std::void_t<decltype(Struct::kTag)>> : std::true_type {};

}  // namespace anacrusis::protocol
