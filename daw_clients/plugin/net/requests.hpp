// Messages on their way out, and the replies that are owed for them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "generated/bridge_protocol.hpp"
#include "net/clock.hpp"
#include "net/wire.hpp"

namespace anacrusis {

/// Numbers messages, keeps what the wire doesn't take until it does (in order, nothing is dropped), and
/// hands each reply to whoever asked. One thread at a time; not for the audio thread.
class Requests {
public:
    /// Exactly one of the two is not null. Not called any more after clear().
    using Then = std::function<void(const protocol::Ok*, const protocol::Error*)>;

    Requests(Wire& wire, const Clock& clock) : wire_(wire), clock_(clock) {}

    /// A request; its one reply goes to ``then``. Returns its number.
    template <class Message>
    std::int64_t ask(Message message, Then then = {}, std::vector<float> samples = {}) {
        const std::int64_t seq = stamp(message);
        waiting_.emplace(seq, std::move(then));
        queue(protocol::encode(message), std::move(samples));
        return seq;
    }

    /// A report, which is answered only where it is refused.
    template <class Message>
    std::int64_t tell(Message message, std::vector<float> samples = {}) {
        const std::int64_t seq = stamp(message);
        queue(protocol::encode(message), std::move(samples));
        return seq;
    }

    /// Hands on the reply to the request ``re``; false where nobody waits for it.
    bool settle(std::int64_t re, const protocol::Ok* ok, const protocol::Error* error);

    /// Sends what waits, as far as the wire takes it.
    void flush();
    /// Requests that were not answered yet.
    std::size_t outstanding() const noexcept { return waiting_.size(); }
    /// Messages that the wire didn't take yet.
    std::size_t queued() const noexcept { return outbox_.size(); }

    /// Another session: what waits is forgotten, and nobody is told.
    void clear();
    /// The session's name, in every message from now on.
    void set_session(std::string session) { session_ = std::move(session); }
    /// A number above every one before, also above those of earlier runs on this machine.
    std::int64_t next_revision();

private:
    struct Out {
        std::string header;
        std::vector<float> samples;
    };

    template <class Message>
    std::int64_t stamp(Message& message) {
        message.seq = ++seq_;
        message.session = session_;
        if (message.at == 0) message.at = clock_.now_ns();
        return message.seq;
    }
    void queue(std::string header, std::vector<float> samples);

    Wire& wire_;
    const Clock& clock_;
    std::string session_;
    std::deque<Out> outbox_;
    std::unordered_map<std::int64_t, Then> waiting_;
    std::int64_t seq_ = 0, revision_ = 0;
};

}  // namespace anacrusis
