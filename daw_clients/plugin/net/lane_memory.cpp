#include "net/lane_memory.hpp"

#include <charconv>
#include <cmath>

namespace anacrusis {
namespace {

constexpr std::size_t kLongestPiece = 100'000;
constexpr std::size_t kMostFrames = 1'000'000;  // what the engine keeps of a lane: 11 hours

}  // namespace

double plain_number(float value) noexcept {
    char text[32];
    const auto written = std::to_chars(text, text + sizeof text, value);
    double number = static_cast<double>(value);
    if (written.ec == std::errc()) std::from_chars(text, written.ptr, number);
    return number;
}

double LaneMemory::value_at(std::int64_t frame) const noexcept {
    if (frames_.empty()) return default_;
    const auto after = frames_.upper_bound(frame);
    return after == frames_.begin() ? after->second : std::prev(after)->second;
}

/// Whether the frame before was passed just now.
bool LaneMemory::goes_on_at(std::int64_t frame) const noexcept {
    return last_ != kClean && last_ + 1 == frame;
}

void LaneMemory::follow(std::int64_t frame, double value, std::uint64_t run, bool hand) {
    const bool follows = goes_on_at(frame);
    if (!follows) off_ = false;
    const double known = value_at(frame);
    const bool agrees = std::abs(value - known) <= tolerance_;
    const bool at_end = frames_.empty() || frame > frames_.rbegin()->first;
    if (agrees) {
        off_ = false;
        // What grows slowly is kept to the last bit, and not in steps of the tolerance.
        if (writes_ && follows && at_end && value != known) learn(frame, value, true);
        else writes_ = writes_ && follows && at_end;
    } else if (at_end || hand) {
        if (frames_.empty() && follows) frames_[frame - 1] = last_value_;
        learn(frame, value, true);
    } else {
        const bool stays_off = off_ && run != off_run_;
        if (!off_) off_run_ = run;
        off_ = true;
        learn(frame, value, stays_off);
    }
    last_ = frame, last_value_ = value;
}

void LaneMemory::stand(std::int64_t frame, double value) {
    if (std::abs(value - value_at(frame)) <= tolerance_) return;
    if (frames_.size() != 1) {
        learn(frame, value, true);
    } else {
        ++corrections_;
        frames_.begin()->second = value;
        touch(frames_.begin()->first);
    }
}

void LaneMemory::learn(std::int64_t frame, double value, bool onwards) {
    ++corrections_;
    const double old_before = value_at(frame - 1);
    const double old_after = value_at(frame + 1);
    const bool had_before = !frames_.empty() && frames_.begin()->first < frame;
    const bool had_after = !frames_.empty() && frames_.rbegin()->first > frame;
    if (onwards) {
        frames_.erase(frames_.lower_bound(frame), frames_.end());
    } else if (had_after) {
        frames_.emplace(frame + 1, old_after);
    }
    if (had_before) frames_.emplace(frame - 1, old_before);
    frames_[frame] = value;
    writes_ = onwards;
    touch(had_before ? frame - 1 : frame);
    if (frames_.size() > kMostFrames) clear();
}

std::vector<LaneMemory::Piece> LaneMemory::pieces_from(std::int64_t frame) const {
    std::vector<Piece> pieces;
    for (auto at = frames_.lower_bound(frame); at != frames_.end(); ++at) {
        const bool goes_on = !pieces.empty() && pieces.back().values.size() < kLongestPiece &&
                             pieces.back().first == at->first - static_cast<std::int64_t>(pieces.back().values.size());
        if (!goes_on) pieces.push_back({at->first, {}});
        pieces.back().values.push_back(at->second);
    }
    return pieces;
}

void LaneMemory::restore(std::int64_t first, const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size() && frames_.size() < kMostFrames; ++i) {
        frames_[first + static_cast<std::int64_t>(i)] = values[i];
    }
    touch(first);
}

void LaneMemory::clear() {
    frames_.clear();
    writes_ = off_ = false;
    touch(std::numeric_limits<std::int64_t>::min());
}

}  // namespace anacrusis
