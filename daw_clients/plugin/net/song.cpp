#include "net/song.hpp"

#include <cmath>

#include "net/song_messages.hpp"

namespace anacrusis {
namespace {

constexpr double kUsualRateHz = 48'000.0;

std::int64_t capture_limit(double rate_hz) {
    return static_cast<std::int64_t>(kLongestCaptureSeconds * rate_hz);
}

}  // namespace

SampleRange KnownSource::range(double session_rate_hz) const noexcept {
    const double length = std::ceil(static_cast<double>(frames) * session_rate_hz / rate_hz);
    return {start, start + static_cast<std::int64_t>(length)};
}

Song::Song()
    : timeline(kUsualRateHz),
      automation(kUsualRateHz),
      notes(kUsualRateHz),
      capture(capture_limit(kUsualRateHz)),
      rate_hz_(kUsualRateHz) {}

void Song::prepare(double rate_hz) {
    if (rate_hz == rate_hz_) return;
    if (!restored_notes_) restored_notes_ = notes_message(notes, timeline.grid(), 0).notes;
    rate_hz_ = rate_hz;
    timeline = timeline.at_rate(rate_hz);
    automation.set_rate(rate_hz);
    notes = NotesMemory(rate_hz);
    capture = Capture(capture_limit(rate_hz));
    place_again();
}

void Song::restore_notes(std::vector<protocol::Note> restored) {
    restored_notes_ = std::move(restored);
    notes.restore(heard_notes(*restored_notes_, timeline.grid()));
}

void Song::place_again() {
    if (restored_notes_) notes.restore(heard_notes(*restored_notes_, timeline.grid()));
    if (source) source->start = timeline.grid().sample_of_ppq(settings.source_at_ppq);
}

}  // namespace anacrusis
