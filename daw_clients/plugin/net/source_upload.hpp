// A source on its way to the engine: announced, sent in pieces where the engine hasn't it, ended. Network
// thread.
#pragma once

#include <functional>
#include <string>

#include "net/requests.hpp"
#include "net/song.hpp"

namespace anacrusis {

/// One upload within one session. Call step() until it is done or failed; it may be destroyed once it is
/// quiet, or once its requests are cleared.
class SourceUpload {
public:
    enum class State { asking, sending, ending, done, failed };
    /// Reads frames of the source from ``first`` on, interleaved; false where they are not there any more.
    using Read = std::function<bool(std::int64_t first, std::int64_t frames, float* interleaved)>;

    SourceUpload(Requests& requests, KnownSource source, Read read);

    void step();
    /// Sends no more.
    void cancel() { fail("It was not wanted any more."); }
    /// Whether all that was sent is answered.
    bool quiet() const noexcept { return unanswered_ == 0; }
    State state() const noexcept { return state_; }
    const std::string& hash() const noexcept { return source_.hash; }
    /// Why it failed.
    const std::string& words() const noexcept { return words_; }

private:
    void fail(std::string words);
    void send_piece();
    template <class Message, class Then>
    void ask(const Message& message, const Then& then, std::vector<float> samples = {});

    static constexpr int kMostUnanswered = 4;

    Requests& requests_;
    KnownSource source_;
    Read read_;
    State state_ = State::asking;
    std::int64_t sent_ = 0;
    int unanswered_ = 0;
    std::string words_;
};

}  // namespace anacrusis
