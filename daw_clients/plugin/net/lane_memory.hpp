// What a control did along the song, as far as it was seen: automation that is known before the host
// comes there again. One thread at a time; not for the audio thread.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace anacrusis {

/// The number whose shortest decimal form is that of the float: 0.3f is 0.3, as a user would type it.
double plain_number(float value) noexcept;

/// Values of one control on curve frames (25 a second, from the song's sample 0). Between neighbouring
/// frames linear, held over gaps, before the first and after the last: what the engine makes of the same
/// values. Without any frame it is the default, everywhere.
class LaneMemory {
public:
    /// ``tolerance`` is how far the host may be from the memory without another value being learned.
    LaneMemory(double default_value, double tolerance) : default_(default_value), tolerance_(tolerance) {}

    /// The host passed ``frame`` with ``value``, in its run number ``run``. Where that is not what is
    /// remembered, the frame is remembered anew; where it goes on so in the next run (or at once, if a
    /// ``hand`` is on the knob), what came after it is forgotten: a single frame may be off because the
    /// host's blocks lie differently on every pass.
    void follow(std::int64_t frame, double value, std::uint64_t run, bool hand);

    /// The control was turned to ``value`` while the host stands at ``frame``: it counts from there on,
    /// and for the whole song where the control never moved in passing.
    void stand(std::int64_t frame, double value);
    /// Whether the control never moved in passing.
    bool is_constant() const noexcept { return frames_.size() <= 1; }

    double value_at(std::int64_t frame) const noexcept;
    bool empty() const noexcept { return frames_.empty(); }
    const std::map<std::int64_t, double>& frames() const noexcept { return frames_; }

    /// From this frame on the lane is another one than at take_dirty(); kClean: it isn't.
    static constexpr std::int64_t kClean = std::numeric_limits<std::int64_t>::max();
    std::int64_t dirty_from() const noexcept { return dirty_from_; }
    void clear_dirty() noexcept { dirty_from_ = kClean; }
    /// Counts what was learned against the memory: an offline pass that finds some was not exact.
    std::uint64_t corrections() const noexcept { return corrections_; }

    /// A stretch without gaps.
    struct Piece {
        std::int64_t first;
        std::vector<double> values;
    };
    /// All from ``frame`` on, in order; long stretches are cut.
    std::vector<Piece> pieces_from(std::int64_t frame) const;

    /// Takes frames of an earlier session, over what there is.
    void restore(std::int64_t first, const std::vector<double>& values);
    void clear();

private:
    void learn(std::int64_t frame, double value, bool onwards);
    void touch(std::int64_t frame) noexcept { dirty_from_ = frame < dirty_from_ ? frame : dirty_from_; }
    bool goes_on_at(std::int64_t frame) const noexcept;

    double default_, tolerance_;
    std::map<std::int64_t, double> frames_;
    std::int64_t dirty_from_ = kClean;
    std::uint64_t corrections_ = 0;
    std::int64_t last_ = kClean;        // the frame followed before
    double last_value_ = 0.0;
    std::uint64_t off_run_ = 0;         // the run in which the host left the memory
    bool off_ = false;
    bool writes_ = false;               // the frame before was the last there is, and written in passing
};

}  // namespace anacrusis
