// What the three parts of the plugin agree on: the host's wrapper, the audio thread (core/) and the
// network thread (net/). Nothing here waits, allocates after construction, or knows DPF or ZeroMQ.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>

#include "generated/plugin_controls.hpp"

namespace anacrusis {

/// Frames of automation a second, counted from the song's sample 0; every session rate is a multiple.
inline constexpr std::int64_t kCurveRateHz = 25;
inline constexpr double kFadeSeconds = 0.010;
inline constexpr std::int64_t kNowhere = std::numeric_limits<std::int64_t>::min();

/// Where the host is at the first frame of a run(). What a format can't tell is left invalid.
struct HostTime {
    bool playing = false;
    bool recording = false;
    bool offline = false;        // the host renders faster or slower than time: run() may wait
    bool has_frame = false;
    std::int64_t frame = 0;      // song position in samples; may be negative
    bool has_ppq = false;
    double ppq = 0.0;            // quarter notes from the song's start
    bool has_bar_start = false;
    double bar_start_ppq = 0.0;  // of the bar the host is in; without has_ppq: counted from here, 0 or less
    bool has_tempo = false;
    double bpm = 120.0;          // quarter notes a minute
    bool has_signature = false;
    int numerator = 4, denominator = 4;
    bool looping = false;        // with both ends known
    double loop_start_ppq = 0.0, loop_end_ppq = 0.0;
};

/// A MIDI message of up to 3 bytes inside a block.
struct MidiMessage {
    std::uint32_t offset = 0;
    std::array<std::uint8_t, 3> bytes{};
    std::uint8_t size = 0;
};

// ------------------------------------------------------------ audio thread -> network thread

enum class RecordKind : std::uint8_t { run, curve, gesture, midi, input };

/// A straight run of frames: song position and address go on together, or the host stands still.
struct RunRecord {
    std::int64_t at_ns;          // CLOCK_MONOTONIC, when run() was entered
    std::uint32_t epoch, lap, frames;
    bool new_epoch, playing, recording, looping, offline;
    bool has_ppq, has_bar_start, has_tempo, has_signature;
    std::uint8_t numerator, denominator;
    std::int64_t address;        // of the first frame, in its epoch
    std::int64_t sample;         // song position of the first frame
    std::int64_t left;           // new epoch: the address at which the one before was left, else kNowhere
    std::int64_t gap_start, gap_end;  // addresses of this run that had nothing to play; kNowhere: none
    double ppq, bar_start_ppq, bpm, loop_start_ppq, loop_end_ppq;
    std::int64_t loop_start, loop_end;  // looping: the song samples between which the audio thread wraps
};

/// A control's value on a curve frame (25 Hz, song time); only where it differs from the one told
/// last, and for every engine control at the first frame of an epoch.
struct CurveRecord {
    std::uint16_t control;       // index into kControls
    std::uint32_t epoch;
    std::int64_t curve_frame;    // its sample is curve_frame * rate / 25
    float value;
};

/// A hand on a knob or off it; values while touched come as CurveRecords all the same.
struct GestureRecord {
    std::uint16_t control;
    bool touched;
};

/// A MIDI message with its song position; only while playing.
struct MidiRecord {
    std::int64_t sample;
    std::array<std::uint8_t, 3> bytes;
    std::uint8_t size;
};

/// ``frames`` stereo frames lie in the input ring, played from ``sample`` on; only while playing.
struct InputRecord {
    std::uint32_t epoch, lap, frames;
    std::int64_t sample;
};

struct Record {
    RecordKind kind;
    union {
        RunRecord run;
        CurveRecord curve;
        GestureRecord gesture;
        MidiRecord midi;
        InputRecord input;
    };
};

// ------------------------------------------------------------ network thread -> audio thread

/// How the offline bounce of one epoch goes. The audio thread begins a new epoch at the first offline
/// run, and waits while the state is of another epoch, `preparing` or `running`; not in `dry` (there is
/// nothing to wait for: a pass that only listens) and `failed`.
enum class BounceState : std::uint8_t { none, preparing, running, dry, failed };

/// State and epoch in one word, so that they are read together.
constexpr std::uint64_t bounce_word(std::uint32_t epoch, BounceState state) noexcept {
    return (static_cast<std::uint64_t>(epoch) << 8U) | static_cast<std::uint64_t>(state);
}
constexpr std::uint32_t bounce_epoch(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 8U);
}
constexpr BounceState bounce_state(std::uint64_t word) noexcept {
    return static_cast<BounceState>(word & 0xFFU);
}

/// Words shared by atomics alone; each says who writes it.
struct Shared {
    // network thread
    std::atomic<int> status{0};                  // index into kStatusWords
    std::atomic<float> lead_ms{0.0f};
    std::atomic<float> late_bars{0.0f};
    std::atomic<std::uint32_t> latency_frames{0};
    std::atomic<bool> new_epoch_wanted{false};   // the map was edited; the audio thread clears it
    std::atomic<bool> enter_on_bar{false};       // after a reconnect: sound comes back on a bar line
    std::atomic<std::int64_t> wet_start{kNowhere}, wet_end{kNowhere};  // song samples that have sound; none while equal
    std::atomic<std::uint64_t> bounce{0};        // bounce_word()
    std::atomic<std::uint32_t> signs_of_life{0}; // counts up with each message from a living engine
    // any thread of the host
    std::array<std::atomic<float>, kControlCount> values{};  // of the controls, by index
    // audio thread
    std::atomic<std::uint64_t> dropped_records{0};  // a queue was full: never in a healthy plugin
    std::atomic<bool> bounce_timed_out{false};      // waited too long: dry from here; the network thread clears it
};

}  // namespace anacrusis
