// The captured sound becomes a source: hashed and written to disk, slice by slice. Network thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/sha256.hpp"
#include "net/song.hpp"
#include "net/source_cache.hpp"

namespace anacrusis {

/// Frames that are hashed, written, read or sent in one go.
inline constexpr std::int64_t kSliceFrames = 65'536;

/// A captured source on its way. It begins on the bar line at or before the sound, with silence up to it.
class SourceTaking {
public:
    /// What there is to take: nothing where nothing was captured, or nothing but silence. ``most_frames``
    /// is what the engine takes: of what is longer the newest.
    static std::optional<SampleRange> range_of(const Song& song, std::int64_t most_frames);

    SourceTaking(const Song& song, SampleRange range, const std::string& folder);

    /// Takes a slice; true where it was the last.
    bool step(const Song& song);
    /// Whether what is being taken is not there any more.
    bool outdated(const Song& song) const noexcept { return song.capture.revision() != revision_; }
    /// What was taken; false in ``on_disk`` where it could not be written. After the last step.
    KnownSource finish(bool& on_disk);
    std::uint64_t revision() const noexcept { return revision_; }

private:
    SampleRange range_;
    double rate_hz_;
    std::uint64_t revision_;
    std::int64_t done_ = 0;
    Sha256 hash_;
    std::optional<SourceWriter> writer_;
    std::vector<float> slice_;
};

/// A source of an earlier session on its way from disk into the capture.
class SourceLoading {
public:
    enum class Outcome { more, loaded, broken };

    /// ``captured``: it is the track's own sound, and goes into the song's capture if the rate is the
    /// session's.
    SourceLoading(SourceReader reader, std::string hash, bool captured)
        : reader_(std::move(reader)), wanted_(std::move(hash)), captured_(captured) {}

    /// Reads a slice; ``loaded`` once all of it is what its name says. It begins at song sample ``start``.
    Outcome step(Song& song, std::int64_t start);
    double rate_hz() const noexcept { return reader_.rate_hz(); }
    std::int64_t frames() const noexcept { return reader_.frames(); }
    const std::string& hash() const noexcept { return wanted_; }

private:
    SourceReader reader_;
    std::string wanted_;
    bool captured_;
    std::int64_t done_ = 0;
    Sha256 hash_;
    std::vector<float> slice_;
};

}  // namespace anacrusis
