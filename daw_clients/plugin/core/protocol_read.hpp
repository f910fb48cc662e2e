// Bytes to messages, whatever their fields. The codes and the field names of errors are those of
// bridge_protocol/wire.py.
//
// Part of generated/bridge_protocol.hpp: include that header, not this one. Any thread, not real-time safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
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
#include <msgpack/null_visitor.hpp>
#include <msgpack/parse.hpp>
#include <msgpack/unpack.hpp>

#include "core/protocol_fields.hpp"

namespace anacrusis::protocol {

using Value = msgpack::object;

[[noreturn]] inline void refuse_header(const char* words) {
    throw ProtocolError(codes::kBadMessage, "header", std::string("The header ") + words + ".");
}

[[noreturn]] inline void refuse_type(const Value& value, const Path& at, const char* wanted) {
    const bool is_float = value.type == msgpack::type::FLOAT32 || value.type == msgpack::type::FLOAT64;
    if (is_float && !is_finite(value.via.f64) && at.leads_to_value()) {
        at.refuse(codes::kNotFinite, "must be a finite number");
    }
    at.refuse(codes::kBadField, std::string("must be ") + wanted);
}

/// The Unicode characters in ``text``; refuses the message where it is no UTF-8.
inline std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3
            : lead < 0xF5 ? 4 : 0;
        if (size == 0 || i + size > text.size()) refuse_header("has text that is no UTF-8");
        for (std::size_t k = 1; k < size; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            // The second byte rules out overlong forms, surrogates, and what is beyond Unicode.
            const bool first = k == 1;
            const unsigned low = first && lead == 0xE0 ? 0xA0U : first && lead == 0xF0 ? 0x90U : 0x80U;
            const unsigned high = first && lead == 0xED ? 0x9FU : first && lead == 0xF4 ? 0x8FU : 0xBFU;
            if (next < low || next > high) refuse_header("has text that is no UTF-8");
        }
        i += size;
    }
    return count;
}

inline std::string_view text_of(const Value& value) {
    return {value.via.str.ptr, value.via.str.size};
}

/// A map's key; refuses the message where it is no text.
inline std::string_view key_of(const Value& key) {
    if (key.type != msgpack::type::STR) Path().refuse(codes::kBadField, "has a key that is no text");
    return text_of(key);
}

inline void read(const Value& value, const Path& at, bool& to) {
    if (value.type != msgpack::type::BOOLEAN) refuse_type(value, at, "true or false");
    to = value.via.boolean;
}

inline void read(const Value& value, const Path& at, std::int64_t& to, const Whole& bounds = {}) {
    const bool positive = value.type == msgpack::type::POSITIVE_INTEGER;
    if (!positive && value.type != msgpack::type::NEGATIVE_INTEGER) refuse_type(value, at, "a whole number");
    const bool too_large = positive && value.via.u64 > static_cast<std::uint64_t>(kMostWhole);
    if (too_large || value.via.i64 < bounds.least || value.via.i64 > bounds.most) {
        at.refuse(codes::kOutOfRange, "must be from " + std::to_string(bounds.least) + " to "
                                          + std::to_string(bounds.most));
    }
    to = value.via.i64;
}

inline bool is_number(const Value& value) noexcept {
    return value.type == msgpack::type::FLOAT64 || value.type == msgpack::type::FLOAT32
        || value.type == msgpack::type::POSITIVE_INTEGER || value.type == msgpack::type::NEGATIVE_INTEGER;
}

inline double number_of(const Value& value) noexcept {
    if (value.type == msgpack::type::POSITIVE_INTEGER) return static_cast<double>(value.via.u64);
    if (value.type == msgpack::type::NEGATIVE_INTEGER) return static_cast<double>(value.via.i64);
    return value.via.f64;
}

[[noreturn]] inline void refuse_range(const Path& at, const Real& bounds) {
    char words[96];
    std::snprintf(words, sizeof words, "must be from %.9g%s to %.9g%s", bounds.least,
                  bounds.least_open ? " (excluded)" : "", bounds.most, bounds.most_open ? " (excluded)" : "");
    at.refuse(codes::kOutOfRange, words);
}

inline void read(const Value& value, const Path& at, double& to, const Real& bounds = {}) {
    if (!is_number(value)) refuse_type(value, at, "a number");
    const double number = number_of(value);
    const bool bounded = is_finite(bounds.least) || is_finite(bounds.most);
    if (bounded && !is_finite(number)) at.refuse(codes::kNotFinite, "must be a finite number");
    const bool low = bounds.least_open ? number <= bounds.least : number < bounds.least;
    const bool high = bounds.most_open ? number >= bounds.most : number > bounds.most;
    if (bounded && (low || high)) refuse_range(at, bounds);
    to = number;
}

inline bool is_made_of(std::string_view text, const Text& bounds) noexcept {
    if (text.empty() && bounds.may_be_empty) return true;
    if (bounds.exactly != 0 && text.size() != bounds.exactly) return false;
    return text.find_first_not_of(bounds.characters) == std::string_view::npos;
}

inline void read(const Value& value, const Path& at, std::string& to, const Text& bounds = {}) {
    if (value.type != msgpack::type::STR) refuse_type(value, at, "a text");
    const std::string_view text = text_of(value);
    if (count_characters(text) > bounds.longest) {
        at.refuse(codes::kOutOfRange, "must have at most " + std::to_string(bounds.longest) + " characters");
    }
    if (bounds.characters != nullptr && !is_made_of(text, bounds)) {
        at.refuse(codes::kOutOfRange, std::string("must be made of ") + bounds.characters);
    }
    to = text;
}

template <class Enum, std::enable_if_t<std::is_enum_v<Enum>, int> = 0>
void read(const Value& value, const Path& at, Enum& to) {
    if (value.type != msgpack::type::STR) refuse_type(value, at, "a text");
    const std::string_view text = text_of(value);
    std::uint8_t index = 0;
    for (const char* word : words_of(Enum{}).words) {
        if (text == word) {
            to = static_cast<Enum>(index);
            return;
        }
        ++index;
    }
    count_characters(text);
    at.refuse(codes::kBadField, "is none of the words that it may be");
}

inline void read(const Value& value, const Path& at, std::variant<double, std::string>& to,
                 const Real& of_number, const Text& of_text) {
    if (is_number(value)) {
        read(value, at, to.emplace<double>(), of_number);
    } else if (value.type == msgpack::type::STR) {
        read(value, at, to.emplace<std::string>(), of_text);
    } else {
        refuse_type(value, at, "a number or a text");
    }
}

inline void check_count(std::size_t count, const Path& at, const Count& bounds) {
    if (count < bounds.least || count > bounds.most) {
        at.refuse(codes::kOutOfRange, "has a length that is not legal");
    }
}

/// A map from names to whole numbers, in the order of the wire.
inline void read(const Value& value, const Path& at,
                 std::vector<std::pair<std::string, std::int64_t>>& to, const Count& count) {
    if (value.type != msgpack::type::MAP) refuse_type(value, at, "a map");
    check_count(value.via.map.size, at, count);
    to.clear();
    for (std::uint32_t i = 0; i < value.via.map.size; ++i) {
        const auto& entry = value.via.map.ptr[i];
        const std::string_view key = key_of(entry.key);
        count_characters(key);
        to.emplace_back(key, 0);
        read(entry.val, Path::entry_of(at), to.back().second);
    }
}

template <class Item, class... Bounds>
void read(const Value& value, const Path& at, std::vector<Item>& to, const Count& count,
          const Bounds&... bounds) {
    if (value.type != msgpack::type::ARRAY) refuse_type(value, at, "an array");
    check_count(value.via.array.size, at, count);
    to.clear();  // and not resized: what an array claims to be long is not yet legal
    for (std::uint32_t i = 0; i < value.via.array.size; ++i) {
        read(value.via.array.ptr[i], Path(at, std::size_t{i}), to.emplace_back(), bounds...);
    }
}

template <class Inner, class... Bounds>
void read(const Value& value, const Path& at, std::optional<Inner>& to, const Bounds&... bounds) {
    to.reset();
    if (value.type != msgpack::type::NIL) read(value, at, to.emplace(), bounds...);
}

/// Reads the field named ``key`` of a struct, if it has one, and remembers that it was there.
template <class Struct>
class FieldReader {
public:
    FieldReader(Struct& to, const Path& at) : to_(to), at_(at) {}

    void read_field(std::string_view key, const Value& value) {
        key_ = key;
        value_ = &value;
        visit();
    }

    /// Refuses the struct where a field that it must have was not there.
    void require_all() {
        value_ = nullptr;
        visit();
    }

    template <class Member, class... Bounds>
    void operator()(const char* name, Member Struct::*member, Need need, const Bounds&... bounds) {
        const std::uint64_t bit = std::uint64_t{1} << index_++;
        if (value_ == nullptr) {
            if (need == Need::required && (seen_ & bit) == 0) {
                Path(at_, name).refuse(codes::kBadField, "is missing");
            }
        } else if (key_ == name) {
            read(*value_, Path(at_, name), to_.*member, bounds...);
            seen_ |= bit;
        }
    }

private:
    void visit() {
        index_ = 0;
        visit_fields(*this, static_cast<const Struct*>(nullptr));
    }

    Struct& to_;
    const Path& at_;
    std::string_view key_;
    const Value* value_ = nullptr;
    unsigned index_ = 0;
    std::uint64_t seen_ = 0;
};

/// Reads the fields of a struct from an array, in order; what follows them is a later version's.
template <class Struct>
class ItemReader {
public:
    ItemReader(Struct& to, const Path& at, const msgpack::object_array& items)
        : to_(to), at_(at), items_(items) {}

    template <class Member, class... Bounds>
    void operator()(const char*, Member Struct::*member, Need, const Bounds&... bounds) {
        if (index_ == items_.size) at_.refuse(codes::kOutOfRange, "has too few entries");
        read(items_.ptr[index_], Path(at_, std::size_t{index_}), to_.*member, bounds...);
        ++index_;
    }

private:
    Struct& to_;
    const Path& at_;
    const msgpack::object_array& items_;
    std::uint32_t index_ = 0;
};

[[noreturn]] inline void refuse_message_type(const Value& type) {
    const Path root;
    const Path at(root, kTypeKey.data());
    if (type.type != msgpack::type::STR) refuse_type(type, at, "a text");
    count_characters(text_of(type));
    at.refuse(codes::kUnknownType, "is that of no message");
}

inline bool is_type(const Value& type, std::string_view tag) noexcept {
    return type.type == msgpack::type::STR && text_of(type) == tag;
}

template <class Struct>
void read_map(const Value& value, const Path& at, Struct& to) {
    if (value.type != msgpack::type::MAP) refuse_type(value, at, "a map");
    FieldReader<Struct> reader(to, at);
    for (std::uint32_t i = 0; i < value.via.map.size; ++i) {
        const auto& entry = value.via.map.ptr[i];
        const std::string_view key = key_of(entry.key);
        if constexpr (IsMessage<Struct>::value) {
            if (key == kTypeKey && !is_type(entry.val, Struct::kTag)) refuse_message_type(entry.val);
        }
        reader.read_field(key, entry.val);
    }
    reader.require_all();
}

template <class Struct, std::enable_if_t<std::is_class_v<Struct>, int> = 0>
void read(const Value& value, const Path& at, Struct& to) {
    if constexpr (is_array_like(static_cast<const Struct*>(nullptr))) {
        if (value.type != msgpack::type::ARRAY) refuse_type(value, at, "an array");
        ItemReader<Struct> reader(to, at, value.via.array);
        visit_fields(reader, static_cast<const Struct*>(nullptr));
    } else {
        read_map(value, at, to);
    }
    check_rules(to, at);
}

/// The value under ``type``, which need not come first.
inline const Value& type_of(const msgpack::object_map& map) {
    for (std::uint32_t i = 0; i < map.size; ++i) {
        if (key_of(map.ptr[i].key) == kTypeKey) return map.ptr[i].val;
    }
    const Path root;
    Path(root, kTypeKey.data()).refuse(codes::kBadField, "is missing");
}

template <class Union, std::size_t index = 0>
Union read_union(const Value& value, const Value& type) {
    if constexpr (index == std::variant_size_v<Union>) {
        refuse_message_type(type);
    } else {
        using Message = std::variant_alternative_t<index, Union>;
        if (!is_type(type, Message::kTag)) return read_union<Union, index + 1>(value, type);
        Message message;
        read(value, Path(), message);
        return message;
    }
}

/// Goes through bytes without keeping anything: are they one whole value that is not nested too deep?
/// After it, containers are known to be no longer than the bytes that are there.
class WholeValue : public msgpack::null_visitor {
public:
    bool start_array(std::uint32_t) noexcept { return ++depth_ <= kMaxDepth; }
    bool end_array() noexcept { return --depth_ >= 0; }
    bool start_map(std::uint32_t) noexcept { return ++depth_ <= kMaxDepth; }
    bool end_map() noexcept { return --depth_ >= 0; }

    static constexpr int kMaxDepth = 100;

private:
    int depth_ = 0;
};

inline bool is_array_head(char octet) noexcept {
    const auto head = static_cast<unsigned char>(octet);
    return (head & 0xF0U) == 0x90U || head == 0xDC || head == 0xDD;
}

inline bool refer_to_buffer(msgpack::type::object_type, std::size_t, void*) { return true; }

/// The value in ``header``, whose texts lie in ``header`` itself; ``end`` is set behind it.
inline msgpack::object_handle parse_value(const char* header, std::size_t size, std::size_t& end) {
    WholeValue whole;
    std::size_t checked = 0;
    if (!msgpack::parse(header, size, checked, whole)) refuse_header("is no whole msgpack map");
    const msgpack::unpack_limit limit(size, size, size, size, size, WholeValue::kMaxDepth + 1);
    try {
        return msgpack::unpack(header, size, end, refer_to_buffer, nullptr, limit);
    } catch (const msgpack::unpack_error&) {
        refuse_header("is no msgpack map");
    }
}

/// The message of the types in ``Union`` that ``header`` holds. Throws ProtocolError, and nothing else but
/// std::bad_alloc, on any bytes.
template <class Union>
Union decode_message(const char* header, std::size_t size) {
    if (size > kMaxHeaderBytes) refuse_header("is too long");
    if (size > 0 && is_array_head(*header)) Path().refuse(codes::kBadField, "must be a map");
    std::size_t end = 0;
    const msgpack::object_handle handle = parse_value(header, size, end);
    if (handle->type != msgpack::type::MAP) refuse_type(handle.get(), Path(), "a map");
    Union message = read_union<Union>(handle.get(), type_of(handle->via.map));
    if (end != size) refuse_header("goes on after its end");
    return message;
}

/// Refuses frame 0 where it is not this version's: BAD_MESSAGE, or VERSION where another speaks.
inline void check_magic(const void* frame, std::size_t size) {
    constexpr std::size_t kWord = sizeof kMagic - 1;
    if (size < kWord || std::memcmp(frame, kMagic, kWord) != 0) {
        throw ProtocolError(codes::kBadMessage, "magic", "Frame 0 is none of the bridge's.");
    }
    if (size != sizeof kMagic || std::memcmp(frame, kMagic, sizeof kMagic) != 0) {
        throw ProtocolError(codes::kVersion, "magic",
                            "The other side speaks another version; update the older.");
    }
}

}  // namespace anacrusis::protocol
