#include "net/source_taking.hpp"

#include <algorithm>

namespace anacrusis {
namespace {

constexpr std::uint64_t kMostCacheBytes = std::uint64_t{4} << 30U;

/// The bar line at or before a sample, and not before the song's start.
std::int64_t line_before(const BarGrid& grid, std::int64_t sample) {
    return std::max<std::int64_t>(grid.sample(grid.bar_of_sample(sample)), 0);
}

std::int64_t line_after(const BarGrid& grid, std::int64_t sample) {
    const std::int64_t line = line_before(grid, sample);
    return line == sample ? line : grid.sample(grid.bar_of_sample(sample) + 1);
}

}  // namespace

std::optional<SampleRange> SourceTaking::range_of(const Song& song, std::int64_t most_frames) {
    SampleRange range = song.capture.newest();
    if (range.empty() || !song.capture.sounds(range)) return std::nullopt;
    const BarGrid& grid = song.timeline.grid();
    range.start = line_before(grid, range.start);
    if (range.frames() > most_frames) range.start = line_after(grid, range.end - most_frames);
    const auto least = static_cast<std::int64_t>(song.rate_hz() / static_cast<double>(kCurveRateHz));
    if (range.frames() < least) return std::nullopt;  // the engine needs a latent frame
    return range;
}

SourceTaking::SourceTaking(const Song& song, SampleRange range, const std::string& folder)
    : range_(range),
      rate_hz_(song.rate_hz()),
      revision_(song.capture.revision()),
      writer_(SourceWriter::begin(folder, song.rate_hz())),
      slice_(2 * kSliceFrames) {
    if (writer_) prune_sources(folder, {}, kMostCacheBytes - static_cast<std::uint64_t>(range.frames()) * 8);
}

bool SourceTaking::step(const Song& song) {
    const std::int64_t frames = std::min(kSliceFrames, range_.frames() - done_);
    song.capture.read(range_.start + done_, frames, slice_.data());
    hash_.add(slice_.data(), static_cast<std::size_t>(frames) * 2 * sizeof(float));
    if (writer_) writer_->add(slice_.data(), frames);
    done_ += frames;
    return done_ == range_.frames();
}

KnownSource SourceTaking::finish(bool& on_disk) {
    KnownSource source{hash_.hex(), range_.start, range_.frames(), rate_hz_};
    on_disk = writer_ && writer_->finish(source.hash);
    return source;
}

SourceLoading::Outcome SourceLoading::step(Song& song, std::int64_t start) {
    slice_.resize(2 * kSliceFrames);
    const std::int64_t frames = std::min(kSliceFrames, reader_.frames() - done_);
    if (!reader_.read(done_, frames, slice_.data())) return Outcome::broken;
    hash_.add(slice_.data(), static_cast<std::size_t>(frames) * 2 * sizeof(float));
    if (captured_ && reader_.rate_hz() == song.rate_hz()) {
        song.capture.write(start + done_, slice_.data(), frames);
    }
    done_ += frames;
    if (done_ < reader_.frames()) return Outcome::more;
    return hash_.hex() == wanted_ ? Outcome::loaded : Outcome::broken;
}

}  // namespace anacrusis
