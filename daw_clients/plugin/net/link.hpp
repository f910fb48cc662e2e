// Whether there is an engine, and whether it lives: hello, welcome, silence. One thread at a time; not
// for the audio thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/requests.hpp"

namespace anacrusis {

/// Says hello when the engine is reached, again each second until it is welcomed, and anew when the
/// connection or the session is gone. Where the engine falls silent it is asked once a second whether
/// it is there; nothing else should be sent then.
class Link {
public:
    enum class State {
        looking,        // nothing is reached
        greeting,       // reached, and not welcomed yet
        open,           // welcomed, and it answers
        silent,         // welcomed, but it has not answered for 1.5 s
        refused,        // it will not have us; see words()
        wrong_version,  // nor does it speak our version
    };

    static constexpr std::int64_t kSilentNs = 1'500'000'000;
    static constexpr std::int64_t kHungNs = 3'000'000'000;
    static constexpr std::int64_t kAgainNs = 1'000'000'000;

    Link(Wire& wire, Requests& requests) : wire_(wire), requests_(requests) {}

    /// What to say hello with; ``seq`` and the like are set here.
    void set_hello(protocol::Hello hello) { hello_ = std::move(hello); }

    /// Says hello, or asks for a sign of life, where it is time to.
    void step(std::int64_t now_ns);

    /// Takes any message of the engine. True where a new session begins with it: all must be told anew.
    bool take(const protocol::EngineMessage& message, std::int64_t now_ns);
    /// Something came that is of another version.
    void take_other_version(std::int64_t now_ns);

    State state() const noexcept { return state_; }
    bool open() const noexcept { return state_ == State::open; }
    /// Whether there is a session, be it silent.
    bool has_session() const noexcept { return state_ == State::open || state_ == State::silent; }
    /// Reached, but nothing comes, or it says itself that it hangs.
    bool hangs(std::int64_t now_ns) const noexcept;
    /// Why it was refused, for the user.
    const std::string& words() const noexcept { return words_; }
    const std::optional<protocol::Welcome>& welcome() const noexcept { return welcome_; }

private:
    void say_hello(std::int64_t now_ns);
    void watch_silence(std::int64_t now_ns);
    void enter(State state) noexcept { state_ = state; }

    Wire& wire_;
    Requests& requests_;
    protocol::Hello hello_;
    std::optional<protocol::Welcome> welcome_;
    std::string words_;
    State state_ = State::looking;
    std::size_t connection_ = 0;
    std::int64_t hello_seq_ = -1;
    std::int64_t asked_ns_ = 0;    // the last hello or ping
    std::int64_t heard_ns_ = 0;    // anything of the engine, or the connection
    std::int64_t pulse_ns_ = 0;    // a sign of our own session, or the end of a silence
    bool says_hung_ = false;
};

}  // namespace anacrusis
