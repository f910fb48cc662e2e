// Messages to bytes, whatever their fields: as msgspec writes them, with every default left out.
//
// Part of generated/bridge_protocol.hpp: include that header, not this one. Any thread, not real-time safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <msgpack/pack.hpp>

#include "core/protocol_fields.hpp"

namespace anacrusis::protocol {

/// Bytes, and the packer that appends to them.
class Writer {
public:
    Writer() : packer_(*this) {}
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void write(const char* octets, std::size_t size) { octets_.append(octets, size); }
    msgpack::packer<Writer>& pack() noexcept { return packer_; }
    std::string take() { return std::move(octets_); }

private:
    std::string octets_;
    msgpack::packer<Writer> packer_;
};

inline void put(Writer& writer, bool value) {
    if (value) {
        writer.pack().pack_true();
    } else {
        writer.pack().pack_false();
    }
}

inline void put(Writer& writer, std::int64_t value) { writer.pack().pack_int64(value); }

/// Always 64 bits: msgpack-cxx would write a whole float as an integer.
inline void put(Writer& writer, double value) {
    const std::uint64_t bits = bits_of(value);
    char octets[9] = {'\xcb'};
    for (unsigned i = 0; i < 8; ++i) octets[1 + i] = static_cast<char>((bits >> (56U - 8U * i)) & 0xFFU);
    writer.write(octets, sizeof octets);
}

inline void put(Writer& writer, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    writer.pack().pack_str(size).pack_str_body(text.data(), size);
}

inline void put(Writer& writer, const std::string& text) { put(writer, std::string_view(text)); }

template <class Enum, std::enable_if_t<std::is_enum_v<Enum>, int> = 0>
void put(Writer& writer, Enum value) {
    put(writer, std::string_view(word_of(value)));
}

inline void put(Writer& writer, const std::variant<double, std::string>& value) {
    std::visit([&writer](const auto& held) { put(writer, held); }, value);
}

inline void put(Writer& writer, const std::vector<std::pair<std::string, std::int64_t>>& map) {
    writer.pack().pack_map(static_cast<std::uint32_t>(map.size()));
    for (const auto& [key, value] : map) {
        put(writer, key);
        put(writer, value);
    }
}

template <class Item>
void put(Writer& writer, const std::vector<Item>& items) {
    writer.pack().pack_array(static_cast<std::uint32_t>(items.size()));
    for (const Item& item : items) put(writer, item);
}

template <class Inner>
void put(Writer& writer, const std::optional<Inner>& value) {
    if (value) {
        put(writer, *value);
    } else {
        writer.pack().pack_nil();
    }
}

// Whether a value is its field's default, which is not sent. A list's is the empty one.

template <class Scalar, std::enable_if_t<!std::is_class_v<Scalar>, int> = 0>
bool is_default(const Scalar& value, const Scalar& initial) {
    return value == initial;
}

inline bool is_default(const std::string& value, const std::string& initial) { return value == initial; }

inline bool is_default(double value, double initial) { return bits_of(value) == bits_of(initial); }

template <class... Kinds>
bool is_default(const std::variant<Kinds...>& value, const std::variant<Kinds...>& initial) {
    return value == initial;
}

template <class Item>
bool is_default(const std::vector<Item>& value, const std::vector<Item>&) {
    return value.empty();
}

template <class Inner>
bool is_default(const std::optional<Inner>& value, const std::optional<Inner>& initial) {
    return value && initial ? is_default(*value, *initial) : value.has_value() == initial.has_value();
}

/// Counts the fields of a struct that are sent.
template <class Struct>
class FieldCounter {
public:
    FieldCounter(const Struct& value, const Struct& initial) : value_(value), initial_(initial) {}

    template <class Member, class... Bounds>
    void operator()(const char*, Member Struct::*member, Need need, const Bounds&...) {
        if (need == Need::required || !is_default(value_.*member, initial_.*member)) ++count;
    }

    std::uint32_t count = 0;

private:
    const Struct& value_;
    const Struct& initial_;
};

/// Writes the fields of a struct that are sent, behind their names or, of an array, as they are.
template <class Struct>
class FieldWriter {
public:
    FieldWriter(Writer& writer, const Struct& value, const Struct& initial, bool named)
        : writer_(writer), value_(value), initial_(initial), named_(named) {}

    template <class Member, class... Bounds>
    void operator()(const char* name, Member Struct::*member, Need need, const Bounds&...) {
        if (need == Need::optional && is_default(value_.*member, initial_.*member)) return;
        if (named_) put(writer_, std::string_view(name));
        put(writer_, value_.*member);
    }

private:
    Writer& writer_;
    const Struct& value_;
    const Struct& initial_;
    bool named_;
};

/// A struct of which nothing is set.
template <class Struct>
const Struct& initial_of() {
    static const Struct initial{};
    return initial;
}

template <class Struct>
std::uint32_t count_sent(const Struct& value) {
    FieldCounter<Struct> counter(value, initial_of<Struct>());
    visit_fields(counter, &value);
    return counter.count;
}

template <class Struct, std::enable_if_t<std::is_class_v<Struct>, int> = 0>
bool is_default(const Struct& value, const Struct&) {
    return count_sent(value) == 0;
}

template <class Struct, std::enable_if_t<std::is_class_v<Struct>, int> = 0>
void put(Writer& writer, const Struct& value) {
    constexpr bool kNamed = !is_array_like(static_cast<const Struct*>(nullptr));
    const std::uint32_t count = count_sent(value);
    if constexpr (IsMessage<Struct>::value) {
        writer.pack().pack_map(count + 1);
        put(writer, kTypeKey);
        put(writer, std::string_view(Struct::kTag));
    } else if constexpr (kNamed) {
        writer.pack().pack_map(count);
    } else {
        writer.pack().pack_array(count);
    }
    FieldWriter<Struct> fields(writer, value, initial_of<Struct>(), kNamed);
    visit_fields(fields, &value);
}

/// The header of a message: defaults are left out, heads are the shortest, floats have 64 bits. Checks
/// nothing: what is out of its bounds is refused by the other side.
template <class Message, std::enable_if_t<IsMessage<Message>::value, int> = 0>
std::string encode(const Message& message) {
    Writer writer;
    put(writer, message);
    return writer.take();
}

template <class... Messages>
std::string encode(const std::variant<Messages...>& message) {
    return std::visit([](const auto& held) { return encode(held); }, message);
}

}  // namespace anacrusis::protocol
