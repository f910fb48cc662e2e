// A clock that is moved by hand, an engine of words and a host's records: for the tests of the network
// thread, without sockets.
#pragma once

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "core/audio_ring.hpp"
#include "core/contract.hpp"
#include "generated/bridge_protocol.hpp"
#include "net/clock.hpp"
#include "net/requests.hpp"
#include "net/wire.hpp"

namespace net_support {

using namespace anacrusis;

constexpr double kRate = 48'000.0;
constexpr std::int64_t kMs = 1'000'000, kSecond = 1'000'000'000;

class HandClock final : public Clock {
public:
    std::int64_t now_ns() const noexcept override { return now_; }
    std::int64_t unix_ms() const noexcept override { return 1'700'000'000'000 + now_ / kMs; }
    void advance(std::int64_t ns) { now_ += ns; }

private:
    std::int64_t now_ = kSecond;
};

/// The other side of the wire: what was sent, decoded, and what it answers.
class ScriptedEngine final : public Wire {
public:
    struct Sent {
        protocol::ClientMessage message;
        std::vector<float> samples;
    };

    bool reached = false;
    std::size_t reaches = 0;
    bool takes = true;              // false: the wire is full
    std::deque<Received> inbox;     // of the plugin
    std::vector<Sent> sent;

    void reach(bool now) {
        reached = now;
        reaches += now;
    }

    bool send(const std::string& header, const std::vector<float>& samples) override {
        if (!reached || !takes) return false;
        sent.push_back({protocol::decode_client(header.data(), header.size()), samples});
        return true;
    }
    bool receive(Received& message) override {
        if (inbox.empty()) return false;
        message = std::move(inbox.front());
        inbox.pop_front();
        return true;
    }
    bool connected() const override { return reached; }
    std::size_t connections() const override { return reaches; }

    template <class Message>
    void say(const Message& message, std::vector<float> samples = {}) {
        inbox.push_back({protocol::encode(message), std::move(samples), false});
    }

    template <class Message>
    std::vector<Message> all() const {
        std::vector<Message> found;
        for (const Sent& one : sent) {
            if (const auto* message = std::get_if<Message>(&one.message)) found.push_back(*message);
        }
        return found;
    }
    template <class Message>
    std::size_t count() const { return all<Message>().size(); }
    template <class Message>
    Message last() const { return all<Message>().empty() ? Message{} : all<Message>().back(); }
};

inline protocol::Welcome welcome_to(const protocol::Hello& hello) {
    protocol::Welcome welcome;
    welcome.re = hello.seq;
    welcome.version = 1;
    welcome.session = "session-" + std::to_string(hello.seq);
    welcome.model.name = "house-1";
    welcome.limits.source_frames = 60'000'000;
    return welcome;
}

inline protocol::Ok ok_to(std::int64_t seq) {
    protocol::Ok ok;
    ok.re = seq;
    return ok;
}

inline protocol::Error error_to(std::int64_t seq, const char* code, const char* message = "no") {
    protocol::Error error;
    error.re = seq;
    error.code = code;
    error.message = message;
    return error;
}

/// Answers Ok to all requests of the given types that were not answered yet, straight to ``requests``.
class Answers {
public:
    Answers(ScriptedEngine& engine, Requests& requests) : engine_(engine), requests_(requests) {}

    /// ``refuse`` may return an error for a request; nothing: it is taken.
    using Refuse = std::function<std::optional<protocol::Error>(const protocol::ClientMessage&)>;
    void answer(const Refuse& refuse = {}) {
        while (done_ < engine_.sent.size()) {
            const protocol::ClientMessage message = engine_.sent[done_++].message;
            const std::int64_t seq = std::visit([](const auto& one) { return one.seq; }, message);
            const std::optional<protocol::Error> error = refuse ? refuse(message) : std::nullopt;
            protocol::Ok ok = ok_to(seq);
            if (std::holds_alternative<protocol::SourceBegin>(message)) ok.have = has_sources;
            requests_.settle(seq, error ? nullptr : &ok, error ? &*error : nullptr);
        }
    }
    bool has_sources = false;

private:
    ScriptedEngine& engine_;
    Requests& requests_;
    std::size_t done_ = 0;
};

/// A ring and its reader, as the audio thread is one.
class Ring {
public:
    Ring() : ring(table) { ring.prepare(kRate); }

    void place(std::uint32_t epoch, std::int64_t base = 0) { table.place(epoch, base); }

    /// Reads ``frames`` from ``address`` of ``epoch`` on; empty where not all of it is there.
    std::vector<float> read(std::uint32_t epoch, std::int64_t address, std::int64_t sample,
                            std::uint32_t frames) {
        std::int64_t base = 0;
        table.base_of(epoch, base);
        std::vector<float> left(frames), right(frames), both;
        ring.begin_block(base + address, base + address);
        const std::uint32_t count =
            ring.read(epoch, base + address, sample, frames, 0, left.data(), right.data());
        if (count < frames) return {};
        ring.end_block(base + address + frames);
        for (std::uint32_t i = 0; i < frames; ++i) both.insert(both.end(), {left[i], right[i]});
        return both;
    }

    EpochTable table;
    AudioRing ring;
};

inline RunRecord run_at(std::int64_t sample, std::uint32_t frames = 512, std::uint32_t epoch = 1) {
    RunRecord run{};
    run.at_ns = kSecond + sample * kSecond / static_cast<std::int64_t>(kRate);
    run.epoch = epoch, run.frames = frames, run.playing = true;
    run.sample = run.address = sample;
    run.left = run.gap_start = run.gap_end = kNowhere;
    run.has_tempo = run.has_ppq = run.has_bar_start = run.has_signature = true;
    run.bpm = 120.0, run.numerator = run.denominator = 4;
    run.ppq = static_cast<double>(sample) * 120.0 / (60.0 * kRate);
    run.bar_start_ppq = std::floor(run.ppq / 4.0) * 4.0;
    return run;
}

inline RunRecord standing_at(std::int64_t sample, std::uint32_t epoch = 1) {
    RunRecord run = run_at(sample, 512, epoch);
    run.playing = false;
    return run;
}

inline void set_defaults(Shared& shared) {
    for (int control = 0; control < kControlCount; ++control) {
        shared.values[static_cast<std::size_t>(control)].store(kControls[control].default_value);
    }
}

inline void set(Shared& shared, Control control, float value) {
    shared.values[static_cast<std::size_t>(index_of(control))].store(value);
}

/// Frames whose values say where they are.
inline std::vector<float> marked(std::int64_t first, std::int64_t frames) {
    std::vector<float> audio;
    for (std::int64_t i = first; i < first + frames; ++i) {
        const auto value = static_cast<float>(i % 100'000) / 200'000.0F;
        audio.insert(audio.end(), {value, -value});
    }
    return audio;
}

/// A folder of its own that is gone with the test.
class Folder {
public:
    Folder() {
        char name[] = "/tmp/anacrusis-net-XXXXXX";
        path = mkdtemp(name);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string path;
};

}  // namespace net_support
