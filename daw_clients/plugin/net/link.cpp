#include "net/link.hpp"

namespace anacrusis {
namespace {

constexpr std::int64_t kRefusedAgainNs = 3'000'000'000;

}  // namespace

void Link::step(std::int64_t now_ns) {
    if (wire_.connections() != connection_ || !wire_.connected()) {
        const bool reached = wire_.connected();
        connection_ = wire_.connections();
        if (reached || state_ != State::looking) requests_.clear();  // what waits is of the session before
        enter(reached ? State::greeting : State::looking);
        heard_ns_ = now_ns, says_hung_ = false;
        if (reached) say_hello(now_ns);
        return;
    }
    const bool greets = state_ == State::greeting && now_ns - asked_ns_ >= kAgainNs;
    const bool retries = (state_ == State::refused || state_ == State::wrong_version) &&
        now_ns - asked_ns_ >= kRefusedAgainNs;
    if (greets || retries) say_hello(now_ns);
    if (has_session()) watch_silence(now_ns);
}

void Link::say_hello(std::int64_t now_ns) {
    asked_ns_ = now_ns;
    if (requests_.queued() > 0) return;  // the one before isn't even sent
    hello_seq_ = requests_.tell(hello_);
}

void Link::watch_silence(std::int64_t now_ns) {
    const bool answers = now_ns - heard_ns_ <= kSilentNs;
    const bool has_pulse = now_ns - pulse_ns_ <= kSilentNs + kAgainNs;
    if (answers && !has_pulse) {  // it lives, and knows nothing of our session
        requests_.clear();
        enter(State::greeting);
        say_hello(now_ns);
        return;
    }
    enter(answers ? State::open : State::silent);
    if (!answers && now_ns - asked_ns_ >= kAgainNs && requests_.queued() == 0) {
        asked_ns_ = now_ns;
        requests_.tell(protocol::Ping{});
    }
}

bool Link::take(const protocol::EngineMessage& message, std::int64_t now_ns) {
    if (now_ns - heard_ns_ > kSilentNs) pulse_ns_ = now_ns;  // it shall have the time to show one
    heard_ns_ = now_ns;
    if (const auto* pulse = std::get_if<protocol::Pulse>(&message)) {
        pulse_ns_ = now_ns;
        says_hung_ = pulse->state == protocol::PulseState::hung;
    } else if (const auto* welcome = std::get_if<protocol::Welcome>(&message)) {
        if (welcome->re != hello_seq_) return false;
        requests_.clear();
        requests_.set_session(welcome->session);
        welcome_ = *welcome;
        pulse_ns_ = now_ns, says_hung_ = false;
        words_.clear();
        enter(State::open);
        return true;
    } else if (const auto* refused = std::get_if<protocol::Refused>(&message)) {
        if (refused->re != hello_seq_) return false;
        words_ = refused->message;
        enter(refused->code == protocol::codes::kVersion ? State::wrong_version : State::refused);
    } else if (const auto* error = std::get_if<protocol::Error>(&message)) {
        if (error->code == protocol::codes::kNotGreeted && has_session()) {
            requests_.clear();
            enter(State::greeting);
            say_hello(now_ns);
        }
    }
    if (state_ == State::silent) enter(State::open);
    return false;
}

void Link::take_other_version(std::int64_t now_ns) {
    heard_ns_ = now_ns;
    if (state_ != State::greeting) return;
    words_ = "The engine speaks another version of the protocol; update the older side.";
    enter(State::wrong_version);
}

bool Link::hangs(std::int64_t now_ns) const noexcept {
    const bool reached = state_ == State::greeting || has_session();
    return reached && (says_hung_ || now_ns - heard_ns_ > kHungNs);
}

}  // namespace anacrusis
