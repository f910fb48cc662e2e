#include "net/requests.hpp"

#include <algorithm>

namespace anacrusis {

void Requests::queue(std::string header, std::vector<float> samples) {
    outbox_.push_back({std::move(header), std::move(samples)});
    flush();
}

void Requests::flush() {
    while (!outbox_.empty() && wire_.send(outbox_.front().header, outbox_.front().samples)) {
        outbox_.pop_front();
    }
}

bool Requests::settle(std::int64_t re, const protocol::Ok* ok, const protocol::Error* error) {
    const auto found = waiting_.find(re);
    if (found == waiting_.end()) return false;
    const Then then = std::move(found->second);
    waiting_.erase(found);
    if (then) then(ok, error);
    return true;
}

void Requests::clear() {
    outbox_.clear();
    waiting_.clear();
    session_.clear();
}

std::int64_t Requests::next_revision() {
    revision_ = std::max(revision_ + 1, clock_.unix_ms());
    return revision_;
}

}  // namespace anacrusis
