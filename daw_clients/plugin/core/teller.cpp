#include "core/teller.hpp"

#include <algorithm>

namespace anacrusis {
namespace {

Record record_of(RecordKind kind) noexcept {
    Record record{};
    record.kind = kind;
    return record;
}

}  // namespace

void Teller::prepare(double rate_hz) {
    records_.prepare(kRecordCapacity);
    input_.prepare();
    curves_.prepare(rate_hz);
    told_epoch_ = sampled_epoch_ = epoch_before_ = 0;
    left_ = kNowhere;
    told_touched_ = 0;
}

void Teller::begin_block(std::int64_t at_ns, const HostTime& host, bool offline,
                         const EngineValues& values) noexcept {
    at_ns_ = at_ns;
    host_ = host;
    offline_ = offline;
    values_ = values;
    first_piece_ = true;
}

void Teller::begin_epoch(std::int64_t left) noexcept {
    if (told_epoch_ == epoch_before_) {  // else the one before was never told
        left_ = told_epoch_ == 0 ? kNowhere : left;
    }
}

bool Teller::has_room(const RunList& runs, std::uint32_t midi_count) const noexcept {
    const std::size_t needed = 64 + 2 * runs.size() + midi_count + curves_.most_records(RunList::kMostFrames);
    return records_.free_slots() >= needed && input_.free_frames() >= runs.frames();
}

void Teller::tell_run(const Run& run, std::int64_t gap_start, std::int64_t gap_end) noexcept {
    Record record = record_of(RecordKind::run);
    RunRecord& told = record.run;
    told.at_ns = at_ns_;
    told.epoch = run.epoch;
    told.lap = run.lap;
    told.frames = run.frames;
    told.new_epoch = run.epoch != told_epoch_;
    told.playing = run.playing;
    told.recording = host_.recording;
    told.looping = run.loop.valid;
    told.offline = offline_;
    told.has_ppq = run.has_ppq;
    told.has_bar_start = run.has_bar_start;
    told.has_tempo = host_.has_tempo;
    told.has_signature = host_.has_signature;
    told.numerator = static_cast<std::uint8_t>(host_.has_signature ? host_.numerator : 4);
    told.denominator = static_cast<std::uint8_t>(host_.has_signature ? host_.denominator : 4);
    told.address = run.address;
    told.sample = run.sample;
    told.left = told.new_epoch ? left_ : kNowhere;
    const bool gap = gap_start < gap_end;
    told.gap_start = gap ? gap_start : kNowhere;
    told.gap_end = gap ? gap_end : kNowhere;
    told.ppq = run.has_ppq ? run.ppq : 0.0;
    told.bar_start_ppq = run.has_bar_start ? run.bar_start_ppq : 0.0;
    told.bpm = host_.has_tempo ? host_.bpm : 0.0;
    told.loop_start_ppq = run.loop.valid ? run.loop.start_ppq : 0.0;
    told.loop_end_ppq = run.loop.valid ? run.loop.end_ppq : 0.0;
    told.loop_start = run.loop.valid ? run.loop.start : 0;
    told.loop_end = run.loop.valid ? run.loop.end : 0;
    epoch_before_ = run.epoch;
    if (push(record)) {
        told_epoch_ = run.epoch;
    }
}

void Teller::tell_curves(const RunList& runs) noexcept {
    const auto tell = [this](int control, std::uint32_t epoch, std::int64_t frame, float value) noexcept {
        Record record = record_of(RecordKind::curve);
        record.curve = {static_cast<std::uint16_t>(control), epoch, frame, value};
        return push(record);
    };
    if (first_piece_) {
        curves_.begin_block(values_, runs.front(), tell);
        first_piece_ = false;
    }
    for (const Run& run : runs) {
        curves_.add(run, run.epoch != sampled_epoch_, tell);
        sampled_epoch_ = run.epoch;
    }
}

void Teller::tell_midi(const RunList& runs, std::uint32_t piece_offset, const MidiMessage* midi,
                       std::uint32_t midi_count) noexcept {
    for (std::uint32_t i = 0; i < midi_count; ++i) {
        const MidiMessage& message = midi[i];
        for (const Run& run : runs) {
            const std::int64_t into = static_cast<std::int64_t>(message.offset) - piece_offset - run.offset;
            if (!run.playing || message.size > message.bytes.size() || into < 0 || into >= run.frames) {
                continue;
            }
            Record record = record_of(RecordKind::midi);
            record.midi = {run.sample + into, message.bytes, message.size};
            push(record);
        }
    }
}

void Teller::tell_input(const RunList& runs, const float* left, const float* right) noexcept {
    for (const Run& run : runs) {
        if (!run.playing) {
            continue;
        }
        const bool pushed = records_.free_slots() > 0 &&
                            input_.push(left + run.offset, right + run.offset, run.frames);
        if (!pushed) {
            drop();
            continue;
        }
        Record record = record_of(RecordKind::input);
        record.input = {run.epoch, run.lap, run.frames, run.sample};
        push(record);
    }
}

void Teller::tell_gestures() noexcept {
    const std::uint64_t touched = touched_.load(std::memory_order_relaxed);
    std::uint64_t changed = touched ^ told_touched_;
    for (int control = 0; changed != 0; ++control, changed >>= 1U) {
        const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(control);
        if ((changed & 1U) == 0) {
            continue;
        }
        Record record = record_of(RecordKind::gesture);
        record.gesture = {static_cast<std::uint16_t>(control), (touched & bit) != 0};
        if (push(record)) {
            told_touched_ ^= bit;
        }
    }
}

void Teller::touch(int control, bool touched) noexcept {
    if (control < 0 || control >= kControlCount) {
        return;
    }
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(control);
    if (touched) {
        touched_.fetch_or(bit, std::memory_order_relaxed);
    } else {
        touched_.fetch_and(~bit, std::memory_order_relaxed);
    }
}

bool Teller::push(const Record& record) noexcept {
    const bool pushed = records_.try_push(record);
    if (!pushed) {
        drop();
    }
    return pushed;
}

}  // namespace anacrusis
