// A host, a song and an engine for the tests of the audio thread: none of them knows how the plugin works.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "core/audio_side.hpp"

namespace core_support {

using namespace anacrusis;

constexpr std::int64_t kFar = std::int64_t{1} << 36U;

inline bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

inline void set(Shared& shared, Control control, float value) {
    shared.values[static_cast<std::size_t>(index_of(control))].store(value);
}

inline void set_defaults(Shared& shared) {
    for (int control = 0; control < kControlCount; ++control) {
        shared.values[static_cast<std::size_t>(control)].store(kControls[control].default_value);
    }
    shared.wet_start.store(0);
    shared.wet_end.store(kFar);
}

/// A song of steps of tempo, in samples; what a host would tell at a sample.
class Song {
public:
    explicit Song(double rate_hz, double bpm = 120.0, int numerator = 4, int denominator = 4)
        : rate_hz_(rate_hz), numerator_(numerator), denominator_(denominator), tempo_{{0, 0.0, bpm}} {}

    void set_tempo_from(std::int64_t sample, double bpm) { tempo_.push_back({sample, ppq_at(sample), bpm}); }

    double bpm_at(std::int64_t sample) const { return step_at(sample).bpm; }
    double ppq_at(std::int64_t sample) const {
        const Step& step = step_at(sample);
        return step.ppq + static_cast<double>(sample - step.sample) * step.bpm / (60.0 * rate_hz_);
    }
    double bar_quarters() const { return 4.0 * numerator_ / denominator_; }
    double bar_start_at(std::int64_t sample) const {
        return std::floor(ppq_at(sample) / bar_quarters() + 1e-9) * bar_quarters();
    }

    void tell(HostTime& time, std::int64_t sample) const {
        time.has_frame = time.has_ppq = time.has_tempo = time.has_signature = time.has_bar_start = true;
        time.frame = sample;
        time.ppq = ppq_at(sample);
        time.bpm = bpm_at(sample);
        time.bar_start_ppq = bar_start_at(sample);
        time.numerator = numerator_;
        time.denominator = denominator_;
    }

private:
    struct Step {
        std::int64_t sample;
        double ppq, bpm;
    };
    const Step& step_at(std::int64_t sample) const {
        const Step* found = &tempo_.front();
        for (const Step& step : tempo_) {
            found = step.sample <= sample ? &step : found;
        }
        return *found;
    }
    double rate_hz_;
    int numerator_, denominator_;
    std::vector<Step> tempo_;
};

/// A host with a song: where each frame of a block lies, by its own count.
struct Host {
    explicit Host(Song its_song) : song(std::move(its_song)) {}

    Song song;
    bool playing = false, looping = false, offline = false, tells_loop = true;
    std::int64_t sample = 0, loop_start = 0, loop_end = 0;

    void loop(std::int64_t start, std::int64_t end) {
        looping = true;
        loop_start = start;
        loop_end = end;
    }

    HostTime time() const {
        HostTime time;
        song.tell(time, sample);
        time.playing = playing;
        time.offline = offline;
        time.looping = looping && tells_loop;
        time.loop_start_ppq = song.ppq_at(loop_start);
        time.loop_end_ppq = song.ppq_at(loop_end);
        return time;
    }

    /// The song samples of the next frames; the host has passed them then.
    std::vector<std::int64_t> pass(std::uint32_t frames) {
        std::vector<std::int64_t> places(frames);
        for (std::int64_t& place : places) {
            place = sample;
            if (!playing) {
                continue;
            }
            ++sample;
            sample = looping && sample == loop_end ? loop_start : sample;
        }
        return places;
    }
};

/// Sound that says for which epoch and sample it was made. Never negative.
struct Watermark {
    static float left(std::uint32_t, std::int64_t sample) { return unit(static_cast<std::uint64_t>(sample)); }
    static float right(std::uint32_t epoch, std::int64_t sample) {
        return unit(static_cast<std::uint64_t>(sample) * 3 + std::uint64_t{epoch} * 7919);
    }

private:
    static float unit(std::uint64_t bits) { return static_cast<float>((bits & 0xFFFFFU) + 1) / 2'097'152.0F; }
};

/// The track's own sound. Never positive.
inline float input_value(std::int64_t played, int channel) {
    const auto at = static_cast<std::uint64_t>(played), other = static_cast<std::uint64_t>(channel);
    const std::uint64_t bits = at * 2'654'435'761U + other;
    return -static_cast<float>((bits >> 8U & 0xFFFFFU) + 1) / 2'097'152.0F;
}

/// The network thread and the engine: reads the records, and keeps the ring filled along the path that
/// they tell, loops unrolled. ``sound(epoch, sample, frame)`` says what a frame is.
template <typename Sound>
class Engine {
public:
    Engine(AudioSide& audio, Sound sound) : audio_(audio), sound_(std::move(sound)) {}

    std::int64_t reach_frames = 20'000;   // so far ahead of the host
    std::vector<Record> records;          // all that were told, if kept
    bool keeps_records = false;
    std::uint64_t runs = 0;
    RunRecord last{};

    /// Takes the records; does nothing else.
    void listen() {
        Record record;
        while (audio_.records().try_pop(record)) {
            if (keeps_records) {
                records.push_back(record);
            }
            if (record.kind == RecordKind::run) {
                follow(record.run);
            } else if (record.kind == RecordKind::input) {
                input_.resize(2 * record.input.frames);
                audio_.input().pop(input_.data(), record.input.frames);
            }
        }
    }

    /// Sends what can be sent.
    void send(std::int64_t most_frames = kFar) {
        std::int64_t read = 0;
        if (runs == 0 || !audio_.ring().read_address(last.epoch, read)) {
            return;
        }
        if (address_ < read) {
            skip_to(read);
        }
        const std::int64_t reach = std::max(read, last.address) + reach_frames;
        const std::int64_t end = std::min(reach, address_ + most_frames);
        while (address_ < end && send_block(end)) {
        }
    }

private:
    void follow(const RunRecord& run) {
        const bool fresh = runs == 0 || run.epoch != last.epoch;
        const bool other_loop = run.looping != last.looping || run.loop_start != last.loop_start ||
                                run.loop_end != last.loop_end;
        last = run;
        ++runs;
        if (fresh || other_loop) {  // all beyond it is made anew
            address_ = run.address;
            sample_ = run.sample;
            turns_ = run.looping && sample_ < run.loop_end;
        }
    }

    void skip_to(std::int64_t address) {
        while (address_ < address) {
            step(std::min(address - address_, straight()));
        }
    }

    std::int64_t straight() const { return turns_ ? last.loop_end - sample_ : kFar; }

    void step(std::int64_t frames) {
        address_ += frames;
        sample_ += frames;
        if (turns_ && sample_ == last.loop_end) {
            sample_ = last.loop_start;
        }
    }

    bool send_block(std::int64_t end) {
        const std::int64_t largest = 4'096;
        const auto frames = static_cast<std::uint32_t>(std::min({largest, end - address_, straight()}));
        block_.resize(std::size_t{2} * frames);
        for (std::uint32_t i = 0; i < frames; ++i) {
            sound_(last.epoch, sample_ + i, &block_[std::size_t{2} * i]);
        }
        const AudioRing::Written written =
            audio_.ring().write(last.epoch, address_, sample_, block_.data(), frames);
        if (written.stale || written.beyond > 0) {
            return false;
        }
        step(frames);
        return true;
    }

    AudioSide& audio_;
    Sound sound_;
    std::int64_t address_ = 0, sample_ = 0;
    bool turns_ = false;
    std::vector<float> block_, input_;
};

inline auto watermarks() {
    return [](std::uint32_t epoch, std::int64_t sample, float* frame) {
        frame[0] = Watermark::left(epoch, sample);
        frame[1] = Watermark::right(epoch, sample);
    };
}

/// A plugin's audio side with a host before it.
struct Rig {
    explicit Rig(double rate, std::uint32_t max_block = 4096)
        : rate_hz(rate), shared(std::make_unique<Shared>()) {
        set_defaults(*shared);
        audio = std::make_unique<AudioSide>(*shared);
        prepared = audio->prepare(rate, max_block);
    }

    double rate_hz;
    bool prepared = false;
    std::unique_ptr<Shared> shared;
    std::unique_ptr<AudioSide> audio;
    std::vector<float> in[2], out[2];
    std::int64_t played = 0;  // frames of all blocks

    /// A block whose input is input_value().
    void run(const HostTime& time, std::uint32_t frames) {
        for (int channel = 0; channel < 2; ++channel) {
            in[channel].resize(frames);
            for (std::uint32_t i = 0; i < frames; ++i) {
                in[channel][i] = input_value(played + i, channel);
            }
        }
        run_as_it_is(time, frames);
    }

    void run_as_it_is(const HostTime& time, std::uint32_t frames) {
        const float* ins[2] = {in[0].data(), in[1].data()};
        out[0].assign(frames, 99.0F);
        out[1].assign(frames, 99.0F);
        float* outs[2] = {out[0].data(), out[1].data()};
        audio->run(time, ins, outs, frames, nullptr, 0);
        played += frames;
    }

    std::uint32_t fade() const { return static_cast<std::uint32_t>(std::lround(0.010 * rate_hz)); }
    bool dry_at(std::uint32_t i) const {
        return same_bits(in[0][i], out[0][i]) && same_bits(in[1][i], out[1][i]);
    }
    bool wet_at(std::uint32_t i, std::int64_t sample) const {
        const std::uint32_t epoch = audio->epochs().newest();
        return same_bits(out[0][i], Watermark::left(epoch, sample)) &&
               same_bits(out[1][i], Watermark::right(epoch, sample));
    }
};

struct Heard {
    std::int64_t wet = 0, dry = 0, fading = 0, wrong = 0;
};

/// Reads a block's output: each frame is wet at the host's own place, or dry, or between the two with one
/// gain for both channels; but for a fade's length after a cut, where an offset decays.
class Ear {
public:
    explicit Ear(Rig& rig) : rig_(rig) {}

    void cut() { since_cut_ = 0; }

    Heard listen(const std::vector<std::int64_t>& places, bool playing) {
        Heard heard;
        for (std::uint32_t i = 0; i < places.size(); ++i, ++since_cut_) {
            const bool wet = playing && places[i] >= 0 && rig_.wet_at(i, places[i]);
            if (wet || rig_.dry_at(i)) {
                ++(wet ? heard.wet : heard.dry);
            } else if (since_cut_ < rig_.fade() || (playing && places[i] >= 0 && fades(i, places[i]))) {
                ++heard.fading;
            } else {
                ++heard.wrong;
            }
        }
        return heard;
    }

private:
    bool fades(std::uint32_t i, std::int64_t place) const {
        const std::uint32_t epoch = rig_.audio->epochs().newest();
        const double left = gain(rig_.in[0][i], rig_.out[0][i], Watermark::left(epoch, place));
        const double right = gain(rig_.in[1][i], rig_.out[1][i], Watermark::right(epoch, place));
        return left >= -1e-3 && left <= 1.001 && std::abs(left - right) < 0.02;
    }
    static double gain(double dry, double heard, double wet) { return (heard - dry) / (wet - dry); }

    Rig& rig_;
    std::uint32_t since_cut_ = 1 << 20;
};

inline void add(Heard& sum, const Heard& more) {
    sum.wet += more.wet;
    sum.dry += more.dry;
    sum.fading += more.fading;
    sum.wrong += more.wrong;
}

}  // namespace core_support
