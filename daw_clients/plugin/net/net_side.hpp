// The network thread of an instance.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "core/audio_side.hpp"
#include "net/clock.hpp"
#include "net/session.hpp"
#include "net/song.hpp"
#include "net/zmq_wire.hpp"

namespace anacrusis {

/// Lives between start() and stop(), on the main thread's word. Between the two of them there is one
/// mutex; the audio thread never takes it.
class NetSide {
public:
    NetSide(Shared& shared, AudioSide& audio);
    ~NetSide() { stop(); }
    NetSide(const NetSide&) = delete;
    NetSide& operator=(const NetSide&) = delete;

    /// Main thread, after AudioSide::prepare().
    void start(double rate_hz, std::uint32_t max_block_frames);
    /// Main thread; a second at most, whatever the engine does.
    void stop();

    /// Main thread; any bytes of any length.
    void set_state(const char* key, const char* text);
    std::string state(const char* key);
    /// Words for the user on why the instance does nothing; empty: it does.
    void explain_rate(const std::string& words);

private:
    void run();
    void connect();
    void leave();

    SystemClock clock_;
    std::mutex mutex_;     // of song_ and session_
    Song song_;
    ZmqWire wire_;
    Session session_;
    std::string endpoint_;  // as connected to
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace anacrusis
