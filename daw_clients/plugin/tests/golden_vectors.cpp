// The generated protocol header against the Python one, case by case; tests/plugin/ feeds it.
//
// A line of stdin is a case, its words separated by blanks, headers in hex:
//   message NAME HEADER CANONICAL    HEADER is legal, and is written again as CANONICAL
//   refused NAME HEADER CODE FIELD   HEADER is refused with this code for this field
//   magic NAME FRAME ok              FRAME is a legal frame 0; or CODE FIELD, as above
// An empty header is `-`. Then so many damaged and random headers as the first argument says are read,
// which must end in a message or in ProtocolError. Exit status 0 means that there were cases of the first
// two kinds and that all held.

#include <cstdint>
#include <exception>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "generated/bridge_protocol.hpp"

namespace {

using anacrusis::protocol::ProtocolError;

constexpr std::size_t kLongestDamaged = 2'000;  // a longer one costs time and finds nothing else

struct Tally {
    int messages = 0, refusals = 0, faults = 0;
    std::vector<std::string> headers;
};

int digit(char hex) { return hex <= '9' ? hex - '0' : hex - 'a' + 10; }

std::string bytes_of(const std::string& hex) {
    std::string octets;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        octets.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
    }
    return octets;
}

std::string hex_of(const std::string& octets) {
    static const char* const kDigits = "0123456789abcdef";
    std::string hex;
    for (const char octet : octets) {
        const auto value = static_cast<unsigned char>(octet);
        hex += {kDigits[value >> 4U], kDigits[value & 15U]};
    }
    return hex;
}

/// What became of a header: ``ok CANONICAL``, or ``CODE FIELD``.
std::string outcome(const std::string& header) {
    try {
        const auto message = anacrusis::protocol::decode_any(header.data(), header.size());
        return "ok " + hex_of(encode(message));
    } catch (const ProtocolError& error) {
        return error.code + " " + error.field;
    }
}

/// What became of a frame 0: ``ok``, or ``CODE FIELD``.
std::string magic_outcome(const std::string& frame) {
    try {
        anacrusis::protocol::check_magic(frame.data(), frame.size());
        return "ok ";
    } catch (const ProtocolError& error) {
        return error.code + " " + error.field;
    }
}

void check(const std::string& line, Tally& tally) {
    std::istringstream words(line);
    std::string kind, name, hex, first, second;
    words >> kind >> name >> hex >> first >> second;
    const std::string octets = hex == "-" ? "" : bytes_of(hex);
    const std::string wanted = kind == "message" ? "ok " + first : first + " " + second;
    const std::string got = kind == "magic" ? magic_outcome(octets) : outcome(octets);
    ++(kind == "message" ? tally.messages : tally.refusals);
    if (octets.size() <= kLongestDamaged) tally.headers.push_back(octets);
    if (got == wanted) return;
    ++tally.faults;
    std::cerr << name << ": " << got << "\n  not " << wanted << "\n  for " << hex << "\n";
}

class Damage {
public:
    std::string damaged(std::string header) {
        for (auto left = 1 + below(4); left > 0 && !header.empty(); --left) {
            header[below(header.size())] = octet();
        }
        if (below(4) == 0) header.resize(below(header.size() + 1));
        return header;
    }

    std::string random_header() {
        std::string header(below(64), '\0');
        for (char& each : header) each = octet();
        return header;
    }

    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

private:
    char octet() { return static_cast<char>(random_() & 0xFFU); }

    std::mt19937_64 random_{20'260'101};
};

/// Whether either side's reader ends in a message or in ProtocolError.
bool ends_well(const std::string& header) {
    try {
        outcome(header);
        try {
            anacrusis::protocol::decode_engine(header.data(), header.size());
        } catch (const ProtocolError&) {
        }
        return true;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n  for " << hex_of(header) << "\n";
        return false;
    }
}

void check_any_bytes(int count, Tally& tally) {
    Damage damage;
    for (int i = 0; i < count; ++i) {
        const std::string& header = tally.headers[damage.below(tally.headers.size())];
        const std::string bad = i % 10 == 0 ? damage.random_header() : damage.damaged(header);
        if (!ends_well(bad)) ++tally.faults;
    }
}

}  // namespace

int main(int count, char** arguments) {
    Tally tally;
    for (std::string line; std::getline(std::cin, line);) check(line, tally);
    if (tally.messages == 0 || tally.refusals == 0) {
        std::cerr << "no cases: nothing was checked\n";
        return 2;
    }
    const int damaged = count > 1 ? std::stoi(arguments[1]) : 0;
    check_any_bytes(damaged, tally);
    std::cout << tally.messages << " messages, " << tally.refusals << " refusals, " << damaged
              << " damaged headers, " << tally.faults << " faults\n";
    return tally.faults == 0 ? 0 : 1;
}
