// What the track played, by song sample. One thread at a time; not for the audio thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace anacrusis {

/// Song samples from ``start`` up to ``end``, which is not in it.
struct SampleRange {
    std::int64_t start = 0, end = 0;
    std::int64_t frames() const noexcept { return end - start; }
    bool empty() const noexcept { return end <= start; }
};

/// Stereo sound in chunks. What is played again in the same place to within a 16-bit step changes
/// nothing. Where it grows beyond its limit, what lies farthest from the newest goes.
class Capture {
public:
    static constexpr std::int64_t kChunkFrames = 65'536;

    explicit Capture(std::int64_t most_frames) : most_frames_(most_frames) {}

    /// Keeps interleaved stereo frames from song sample ``sample`` on; what lies before 0 is dropped,
    /// what is no number is silence. Allocates now and then.
    void write(std::int64_t sample, const float* interleaved, std::int64_t frames);

    /// All that was captured without a gap around what was written last; empty where nothing was.
    SampleRange newest() const noexcept;
    /// Whether there is anything but silence in it.
    bool sounds(SampleRange range) const noexcept;
    /// Counts up with every change that can be heard.
    std::uint64_t revision() const noexcept { return revision_; }

    /// Frames from ``sample`` on, interleaved; silence where nothing was captured.
    void read(std::int64_t sample, std::int64_t frames, float* interleaved) const noexcept;

    void clear();

private:
    struct Chunk {
        std::vector<float> audio;  // interleaved; empty: silence
        bool sounds = false;
    };

    bool write_in_chunk(std::int64_t sample, const float* interleaved, std::int64_t frames, bool is_new);
    bool is_covered(std::int64_t sample) const noexcept;
    std::int64_t covered_until(std::int64_t sample, std::int64_t end) const noexcept;
    void cover(SampleRange range);
    void uncover(SampleRange range);
    void shrink();

    std::int64_t most_frames_;
    std::map<std::int64_t, Chunk> chunks_;           // by number
    std::map<std::int64_t, std::int64_t> covered_;   // start -> end, never touching
    std::int64_t covered_frames_ = 0, newest_ = 0;
    std::uint64_t revision_ = 0;
};

}  // namespace anacrusis
