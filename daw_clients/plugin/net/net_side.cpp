#include "net/net_side.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

#include "net/source_cache.hpp"
#include "net/state.hpp"

namespace anacrusis {
namespace {

constexpr int kPlayingWaitMs = 5, kRestingWaitMs = 25;
constexpr std::int64_t kLeaveNs = 700'000'000;

}  // namespace

NetSide::NetSide(Shared& shared, AudioSide& audio)
    : session_(song_, AudioLink{shared, audio.records(), audio.input(), audio.ring()}, wire_, clock_,
               source_folder()) {}

void NetSide::start(double rate_hz, std::uint32_t max_block_frames) {
    stop();
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        song_.details.settle(Topic::rate);
        session_.prepare(rate_hz, max_block_frames);
    }
    stopping_.store(false);
    // The host's signals are the host's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread_.native_handle(), "anacrusis-net");
}

void NetSide::stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    thread_.join();
}

void NetSide::set_state(const char* key, const char* text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    anacrusis::set_state(song_, key, text);
}

std::string NetSide::state(const char* key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return anacrusis::state(song_, key);
}

void NetSide::explain_rate(const std::string& words) {
    const std::lock_guard<std::mutex> lock(mutex_);
    song_.details.say(Topic::rate, words);
}

void NetSide::run() {
    while (!stopping_.load()) {
        int wait_ms = kRestingWaitMs;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            connect();
            session_.step();
            const bool in_time = session_.playing() && !session_.offline();
            wait_ms = in_time ? kPlayingWaitMs : session_.busy() ? 0 : kRestingWaitMs;
            if (session_.offline()) wait_ms = std::min(wait_ms, kPlayingWaitMs);
        }
        wire_.wait(wait_ms);
    }
    leave();
}

/// Connects to where the user wants.
void NetSide::connect() {
    if (endpoint_ == song_.settings.endpoint) return;
    endpoint_ = song_.settings.endpoint;
    if (wire_.open(endpoint_)) return;
    song_.details.say(Topic::endpoint, "Nothing can be reached at " + endpoint_ + "; set another address.");
}

void NetSide::leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::int64_t deadline_ns = clock_.now_ns() + kLeaveNs;
    session_.leave();
    while (session_.finish_source() && clock_.now_ns() < deadline_ns) continue;
    wire_.close();
    endpoint_.clear();
}

}  // namespace anacrusis
