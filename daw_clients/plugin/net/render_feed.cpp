#include "net/render_feed.hpp"

#include <algorithm>

namespace anacrusis {
namespace {

constexpr std::int64_t kReachFrames = AudioRing::kCapacityFrames / 2;
constexpr std::int64_t kGrantStepFrames = 8'192;

}  // namespace

void RenderFeed::begin(std::uint32_t epoch, std::int64_t line, std::int64_t start) {
    epoch_ = epoch, line_ = line, start_ = start;
    granted_ = 0;
    clear();
}

void RenderFeed::add(std::int64_t address, std::vector<float> samples) {
    waiting_.push_back({start_ + address, std::move(samples), 0});
}

void RenderFeed::write(std::int64_t end) {
    while (!waiting_.empty()) {
        Block& block = waiting_.front();
        const auto frames = static_cast<std::int64_t>(block.samples.size() / 2);
        block.done = std::max(block.done, std::clamp<std::int64_t>(line_ - block.sample, 0, frames));
        const std::int64_t until = std::clamp<std::int64_t>(end - block.sample, block.done, frames);
        if (until > block.done) {
            const std::int64_t sample = block.sample + block.done;
            const float* from = block.samples.data() + 2 * block.done;
            const auto count = static_cast<std::uint32_t>(until - block.done);
            const AudioRing::Written written = ring_.write(epoch_, sample - line_, sample, from, count);
            block.done = until - written.beyond;
            if (written.beyond > 0 && !written.stale) return;  // again when the host has come on
        }
        waiting_.pop_front();
    }
}

std::optional<std::int64_t> RenderFeed::due_credit() {
    std::int64_t read = 0;
    if (!ring_.read_address(epoch_, read)) return std::nullopt;
    const std::int64_t reach = read + line_ + kReachFrames - start_;
    if (reach < granted_ + kGrantStepFrames) return std::nullopt;
    granted_ = reach;
    return reach;
}

}  // namespace anacrusis
