// Requests and the link: hello, welcome, silence, loss.
#include "net/link.hpp"
#include "tests/check.hpp"
#include "tests/net_support.hpp"

using namespace net_support;

namespace {

struct Bench {
    HandClock clock;
    ScriptedEngine engine;
    Requests requests{engine, clock};
    Link link{engine, requests};

    int sessions = 0;

    void step(std::int64_t ns = 0) {
        clock.advance(ns);
        Received received;
        while (engine.receive(received)) {
            const auto message = protocol::decode_engine(received.header.data(), received.header.size());
            sessions += link.take(message, clock.now_ns());
        }
        link.step(clock.now_ns());
        requests.flush();
    }
    void open() {
        protocol::Hello hello;
        hello.client = "test";
        link.set_hello(hello);
        engine.reach(true);
        step();
        engine.say(welcome_to(engine.last<protocol::Hello>()));
        step();
    }
    void pulse(protocol::PulseState state = protocol::PulseState::idle) {
        protocol::Pulse pulse;
        pulse.state = state;
        engine.say(pulse);
    }
};

void a_wire_that_is_full_loses_nothing() {
    Bench bench;
    bench.engine.reach(true);
    bench.engine.takes = false;
    for (int i = 0; i < 50; ++i) bench.requests.tell(protocol::Ping{});
    CHECK(bench.engine.sent.empty() && bench.requests.queued() == 50);
    bench.engine.takes = true;
    bench.requests.flush();
    CHECK(bench.engine.count<protocol::Ping>() == 50 && bench.requests.queued() == 0);
    std::int64_t seq = 0;
    for (const protocol::Ping& ping : bench.engine.all<protocol::Ping>()) CHECK(ping.seq == ++seq);
}

void each_reply_goes_to_whoever_asked_and_only_once() {
    Bench bench;
    bench.engine.reach(true);
    int first = 0, second = 0;
    const std::int64_t a =
        bench.requests.ask(protocol::Param{},
                           [&](const protocol::Ok* ok, const protocol::Error*) { first += ok != nullptr; });
    const std::int64_t b =
        bench.requests.ask(protocol::Param{},
                [&](const protocol::Ok*, const protocol::Error* error) { second += error != nullptr; });
    CHECK(bench.requests.outstanding() == 2);
    const protocol::Ok ok = ok_to(a);
    const protocol::Error error = error_to(b, "LIMIT");
    CHECK(bench.requests.settle(b, nullptr, &error) && bench.requests.settle(a, &ok, nullptr));
    CHECK(!bench.requests.settle(a, &ok, nullptr) && !bench.requests.settle(99, &ok, nullptr));
    CHECK(first == 1 && second == 1 && bench.requests.outstanding() == 0);
}

void what_a_lost_session_owes_is_forgotten() {
    Bench bench;
    bench.engine.reach(true);
    int told = 0;
    const std::int64_t seq =
        bench.requests.ask(protocol::Param{}, [&](const protocol::Ok*, const protocol::Error*) { ++told; });
    bench.requests.clear();
    const protocol::Ok ok = ok_to(seq);
    CHECK(!bench.requests.settle(seq, &ok, nullptr) && told == 0 && bench.requests.outstanding() == 0);
    CHECK(bench.requests.ask(protocol::Param{}) > seq);
    const std::int64_t revision = bench.requests.next_revision();
    CHECK(revision >= bench.clock.unix_ms() && bench.requests.next_revision() > revision);
}

void nothing_is_said_before_the_engine_is_reached() {
    Bench bench;
    bench.step();
    bench.step(10 * kSecond);
    CHECK(bench.link.state() == Link::State::looking && bench.engine.sent.empty());
    CHECK(!bench.link.hangs(bench.clock.now_ns()));
}

void hello_is_said_again_each_second_until_it_is_welcomed() {
    Bench bench;
    bench.engine.reach(true);
    bench.step();
    CHECK(bench.engine.count<protocol::Hello>() == 1 && bench.link.state() == Link::State::greeting);
    for (int i = 0; i < 10; ++i) bench.step(300 * kMs);
    CHECK(bench.engine.count<protocol::Hello>() >= 3 && bench.engine.count<protocol::Hello>() <= 4);
    bench.engine.say(welcome_to(bench.engine.all<protocol::Hello>().front()));  // of an older hello
    bench.step();
    CHECK(bench.sessions == 0);
    bench.engine.say(welcome_to(bench.engine.last<protocol::Hello>()));
    bench.step();
    CHECK(bench.sessions == 1 && bench.link.open());
    CHECK(bench.link.welcome()->model.name == "house-1");
    bench.requests.tell(protocol::Ping{});
    CHECK(bench.engine.last<protocol::Ping>().session == bench.link.welcome()->session);
}

void a_reached_engine_that_says_nothing_for_three_seconds_hangs() {
    Bench bench;
    bench.engine.reach(true);
    bench.step();
    bench.step(2 * kSecond);
    CHECK(!bench.link.hangs(bench.clock.now_ns()));
    bench.step(2 * kSecond);
    CHECK(bench.link.hangs(bench.clock.now_ns()));
}

void a_silent_engine_is_asked_and_goes_on_with_its_session() {
    Bench bench;
    bench.open();
    bench.step(kSecond);
    CHECK(bench.link.open());
    bench.step(kSecond);
    CHECK(bench.link.state() == Link::State::silent && bench.link.has_session());
    for (int i = 0; i < 8; ++i) bench.step(500 * kMs);
    CHECK(bench.engine.count<protocol::Ping>() >= 4 && bench.engine.count<protocol::Ping>() <= 6);
    CHECK(bench.link.hangs(bench.clock.now_ns()) && bench.engine.count<protocol::Hello>() == 1);
    bench.pulse();
    bench.step();
    CHECK(bench.link.open() && bench.sessions == 1 && !bench.link.hangs(bench.clock.now_ns()));
}

void an_engine_that_answers_but_knows_no_session_is_greeted_again() {
    Bench bench;
    bench.open();
    for (int i = 0; i < 6 && bench.engine.count<protocol::Hello>() == 1; ++i) {
        bench.engine.say(protocol::Pong{});
        bench.step(kSecond);
    }
    CHECK(bench.engine.count<protocol::Hello>() == 2 && bench.link.state() == Link::State::greeting);
    bench.engine.say(welcome_to(bench.engine.last<protocol::Hello>()));
    bench.step();
    bench.engine.say(error_to(7, protocol::codes::kNotGreeted));
    bench.step();
    CHECK(bench.engine.count<protocol::Hello>() == 3);
}

void a_new_connection_is_a_new_session() {
    Bench bench;
    bench.open();
    bench.requests.ask(protocol::Param{});
    bench.engine.reach(false);
    bench.step();
    CHECK(bench.link.state() == Link::State::looking && bench.requests.outstanding() == 0);
    bench.engine.reach(true);
    bench.step();
    CHECK(bench.engine.count<protocol::Hello>() == 2);
    bench.engine.say(welcome_to(bench.engine.last<protocol::Hello>()));
    bench.step();
    CHECK(bench.sessions == 2);
    bench.engine.reach(true);  // lost and found between two steps
    bench.step();
    CHECK(bench.engine.count<protocol::Hello>() == 3 && bench.link.state() == Link::State::greeting);
}

void an_engine_that_says_it_hangs_is_believed() {
    Bench bench;
    bench.open();
    bench.pulse(protocol::PulseState::hung);
    bench.step(100 * kMs);
    CHECK(bench.link.hangs(bench.clock.now_ns()) && bench.link.open());
    bench.pulse(protocol::PulseState::busy);
    bench.step(100 * kMs);
    CHECK(!bench.link.hangs(bench.clock.now_ns()));
}

void a_refusal_is_told_and_tried_again_later() {
    for (const bool version : {false, true}) {
        Bench bench;
        bench.engine.reach(true);
        bench.step();
        protocol::Refused refused;
        refused.re = bench.engine.last<protocol::Hello>().seq;
        refused.code = version ? protocol::codes::kVersion : protocol::codes::kLimit;
        refused.message = "not today";
        bench.engine.say(refused);
        bench.step();
        CHECK(bench.link.state() == (version ? Link::State::wrong_version : Link::State::refused));
        CHECK(bench.link.words() == "not today");
        bench.step(kSecond);
        CHECK(bench.engine.count<protocol::Hello>() == 1);
        bench.step(3 * kSecond);
        CHECK(bench.engine.count<protocol::Hello>() == 2);
        bench.engine.say(welcome_to(bench.engine.last<protocol::Hello>()));
        bench.step();
        CHECK(bench.link.open() && bench.link.words().empty());
    }
    Bench bench;
    bench.engine.reach(true);
    bench.step();
    bench.link.take_other_version(bench.clock.now_ns());
    CHECK(bench.link.state() == Link::State::wrong_version && !bench.link.words().empty());
}

}  // namespace

int main() {
    a_wire_that_is_full_loses_nothing();
    each_reply_goes_to_whoever_asked_and_only_once();
    what_a_lost_session_owes_is_forgotten();
    nothing_is_said_before_the_engine_is_reached();
    hello_is_said_again_each_second_until_it_is_welcomed();
    a_reached_engine_that_says_nothing_for_three_seconds_hangs();
    a_silent_engine_is_asked_and_goes_on_with_its_session();
    an_engine_that_answers_but_knows_no_session_is_greeted_again();
    a_new_connection_is_a_new_session();
    an_engine_that_says_it_hangs_is_believed();
    a_refusal_is_told_and_tried_again_later();
    return check::finish();
}
