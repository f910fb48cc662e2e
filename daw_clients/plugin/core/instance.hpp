// A plugin instance without its format: what the wrapper of DPF, and the tests, hold.
#pragma once

#include <cstdint>
#include <string>

#include "core/audio_side.hpp"
#include "core/contract.hpp"
#include "net/net_side.hpp"
#include "net/state.hpp"

namespace anacrusis {

class Instance {
public:
    /// Starts nothing, opens nothing. Main thread.
    Instance();
    /// Main thread, deactivated or not.
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    /// Takes all memory and starts the network thread. At a rate that is no multiple of 25 Hz or outside
    /// 8000 to 384000 the input passes, and the status is "refused". Main thread.
    void activate(double rate_hz, std::uint32_t max_block_frames);
    /// Ends the network thread; a second at most, whatever the engine does. Main thread, while run() is
    /// not called.
    void deactivate();

    /// Sets a control of the host's (out of its range: to the nearer end); displays are left. Any thread;
    /// real-time safe.
    void set_value(int control, float value) noexcept;
    /// A control's value, or what a display shows. Any thread; real-time safe.
    float value(int control) const noexcept;
    /// A hand on a control, or off it. Main or audio thread; real-time safe.
    void touch(int control, bool touched) noexcept;

    /// One of kStateKeys. Any bytes, any length: what can't be read is left out and told in the details.
    /// Main thread; may wait some ms for the network thread.
    void set_state(const char* key, const char* text);
    /// Of kStateKeys, or kDetailsKey: words on what is wrong and what to do, a line each. Main thread; may
    /// wait some ms for the network thread.
    std::string state(const char* key);

    /// By how much the sound is late on purpose (mode=interval; else 0). Any thread; real-time safe.
    std::uint32_t latency_frames() const noexcept;

    /// A block; see AudioSide::run(). Audio thread; real-time safe, waits only while offline.
    void run(const HostTime& host, const float* const in[2], float* const out[2], std::uint32_t frames,
             const MidiMessage* midi, std::uint32_t midi_count) noexcept;

private:
    Shared shared_;
    AudioSide audio_{shared_};
    NetSide net_{shared_, audio_};
};

}  // namespace anacrusis
