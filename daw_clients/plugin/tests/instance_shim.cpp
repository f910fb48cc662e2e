// An instance behind plain C, so that a script can be its host: see tests/plugin.
#include <algorithm>
#include <cstring>

#include "core/instance.hpp"

using namespace anacrusis;

#define SHIM extern "C" __attribute__((visibility("default")))

namespace {

Instance& of(void* instance) { return *static_cast<Instance*>(instance); }

}  // namespace

/// HostTime in the order of its fields, with integers of fixed width.
struct ShimTime {
    std::int64_t frame;
    double ppq, bar_start_ppq, bpm, loop_start_ppq, loop_end_ppq;
    std::int32_t numerator, denominator;
    std::uint8_t playing, recording, offline, has_frame, has_ppq, has_bar_start, has_tempo, has_signature,
        looping;
};

SHIM void* shim_new() { return new Instance(); }
SHIM void shim_delete(void* instance) { delete &of(instance); }
SHIM void shim_activate(void* instance, double rate_hz, std::uint32_t block) {
    of(instance).activate(rate_hz, block);
}
SHIM void shim_deactivate(void* instance) { of(instance).deactivate(); }
SHIM void shim_set_value(void* instance, int control, float value) { of(instance).set_value(control, value); }
SHIM float shim_value(void* instance, int control) { return of(instance).value(control); }
SHIM void shim_touch(void* instance, int control, int touched) { of(instance).touch(control, touched != 0); }
SHIM void shim_set_state(void* instance, const char* key, const char* text) {
    of(instance).set_state(key, text);
}
SHIM std::uint32_t shim_latency_frames(void* instance) { return of(instance).latency_frames(); }
SHIM int shim_control_count() { return kControlCount; }
SHIM const char* shim_control_name(int control) { return kControls[control].name; }
SHIM const char* shim_status_words(int status) { return kStatusWords[status]; }

/// Copies as much as there is room for, with a zero behind it; returns the whole length.
SHIM std::size_t shim_state(void* instance, const char* key, char* to, std::size_t room) {
    const std::string text = of(instance).state(key);
    if (room == 0) return text.size();
    const std::size_t count = std::min(room - 1, text.size());
    std::memcpy(to, text.data(), count);
    to[count] = '\0';
    return text.size();
}

/// ``midi``: 8 bytes for each message: offset (4, little-endian), 3 bytes, their number.
SHIM void shim_run(void* instance, const ShimTime* time, const float* left_in, const float* right_in,
                   float* left_out,
                   float* right_out, std::uint32_t frames, const std::uint8_t* midi,
                       std::uint32_t midi_count) {
    HostTime host;
    host.playing = time->playing != 0, host.recording = time->recording != 0,
        host.offline = time->offline != 0;
    host.has_frame = time->has_frame != 0, host.frame = time->frame;
    host.has_ppq = time->has_ppq != 0, host.ppq = time->ppq;
    host.has_bar_start = time->has_bar_start != 0, host.bar_start_ppq = time->bar_start_ppq;
    host.has_tempo = time->has_tempo != 0, host.bpm = time->bpm;
    host.has_signature = time->has_signature != 0;
    host.numerator = time->numerator, host.denominator = time->denominator;
    host.looping = time->looping != 0;
    host.loop_start_ppq = time->loop_start_ppq, host.loop_end_ppq = time->loop_end_ppq;
    constexpr std::uint32_t kMost = 256;
    MidiMessage messages[kMost];
    const std::uint32_t count = std::min(midi_count, kMost);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint8_t* bytes = midi + std::size_t{8} * i;
        std::memcpy(&messages[i].offset, bytes, 4);
        std::copy_n(bytes + 4, 3, messages[i].bytes.begin());
        messages[i].size = bytes[7];
    }
    const float* const in[2] = {left_in, right_in};
    float* const out[2] = {left_out, right_out};
    of(instance).run(host, in, out, frames, messages, count);
}
