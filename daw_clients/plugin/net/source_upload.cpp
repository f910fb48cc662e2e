#include "net/source_upload.hpp"

#include <algorithm>

#include "net/source_taking.hpp"

namespace anacrusis {

template <class Message, class Then>
void SourceUpload::ask(const Message& message, const Then& then, std::vector<float> samples) {
    ++unanswered_;
    requests_.ask(
        message,
        [this, then](const protocol::Ok* ok, const protocol::Error* error) {
            --unanswered_;
            if (error != nullptr && state_ != State::failed) fail(error->message);
            if (ok != nullptr && state_ != State::failed) then(*ok);
        },
        std::move(samples));
}

SourceUpload::SourceUpload(Requests& requests, KnownSource source, Read read)
    : requests_(requests), source_(std::move(source)), read_(std::move(read)) {
    protocol::SourceBegin begin;
    begin.hash = source_.hash;
    begin.rate = static_cast<std::int64_t>(source_.rate_hz);
    begin.channels = 2;
    begin.frames = source_.frames;
    ask(begin, [this](const protocol::Ok& ok) {
        state_ = ok.have.value_or(false) ? State::done : State::sending;
    });
}

void SourceUpload::fail(std::string words) {
    words_ = std::move(words);
    state_ = State::failed;
}

void SourceUpload::step() {
    while (state_ == State::sending && unanswered_ < kMostUnanswered && sent_ < source_.frames) send_piece();
    if (state_ != State::sending || sent_ < source_.frames || unanswered_ > 0) return;
    state_ = State::ending;
    protocol::SourceEnd end;
    end.hash = source_.hash;
    ask(end, [this](const protocol::Ok&) { state_ = State::done; });
}

void SourceUpload::send_piece() {
    const std::int64_t frames = std::min(kSliceFrames, source_.frames - sent_);
    std::vector<float> samples(static_cast<std::size_t>(2 * frames));
    if (!read_(sent_, frames, samples.data())) {
        return fail("The captured sound is not there any more; play the track again.");
    }
    protocol::SourceBlock block;
    block.hash = source_.hash;
    block.offset = sent_;
    block.frames = frames;
    sent_ += frames;
    ask(block, [](const protocol::Ok&) {}, std::move(samples));
}

}  // namespace anacrusis
