#include "net/zmq_wire.hpp"

#include <zmq.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>

#include "generated/bridge_protocol.hpp"

namespace anacrusis {
namespace {

constexpr int kSendHighWater = 2'000, kReceiveHighWater = 4'000;
constexpr int kReconnectMs = 100, kLongestReconnectMs = 1'000;
constexpr int kFarewellMs = 50;  // for the last word of a session
constexpr std::size_t kMostFrames = 3;

void set_option(void* socket, int option, int value) { zmq_setsockopt(socket, option, &value, sizeof value); }

/// A ZeroMQ message that is closed in any case.
class Frame {
public:
    Frame() { zmq_msg_init(&message_); }
    ~Frame() { zmq_msg_close(&message_); }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
    bool receive(void* socket) { return zmq_msg_recv(&message_, socket, ZMQ_DONTWAIT) >= 0; }
    bool more() const { return zmq_msg_more(&message_) != 0; }
    const char* data() { return static_cast<const char*>(zmq_msg_data(&message_)); }
    std::size_t size() const { return zmq_msg_size(&message_); }

private:
    zmq_msg_t message_;
};

std::string next_monitor_name() {
    static std::atomic<unsigned> count{0};
    return "inproc://anacrusis-monitor-" + std::to_string(count++);
}

}  // namespace

ZmqContext::ZmqContext() : context_(zmq_ctx_new()) {}

ZmqContext::~ZmqContext() { zmq_ctx_term(context_); }

std::shared_ptr<ZmqContext> ZmqContext::shared() {
    static std::mutex mutex;
    static std::weak_ptr<ZmqContext> known;
    const std::lock_guard<std::mutex> lock(mutex);
    std::shared_ptr<ZmqContext> context = known.lock();
    if (!context) {
        context.reset(new ZmqContext());
        known = context;
    }
    return context;
}

bool ZmqWire::open(const std::string& endpoint) {
    close();
    context_ = ZmqContext::shared();
    socket_ = zmq_socket(context_->handle(), ZMQ_DEALER);
    if (socket_ == nullptr) return false;
    set_option(socket_, ZMQ_LINGER, 0);
    set_option(socket_, ZMQ_IMMEDIATE, 1);
    set_option(socket_, ZMQ_SNDHWM, kSendHighWater);
    set_option(socket_, ZMQ_RCVHWM, kReceiveHighWater);
    set_option(socket_, ZMQ_RECONNECT_IVL, kReconnectMs);
    set_option(socket_, ZMQ_RECONNECT_IVL_MAX, kLongestReconnectMs);
    const auto most = static_cast<std::int64_t>(protocol::kMaxMessageBytes);
    zmq_setsockopt(socket_, ZMQ_MAXMSGSIZE, &most, sizeof most);
    const std::string name = next_monitor_name();
    const int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;
    monitor_ = zmq_socket(context_->handle(), ZMQ_PAIR);
    if (monitor_ != nullptr) set_option(monitor_, ZMQ_LINGER, 0);
    const bool watched = monitor_ != nullptr && zmq_socket_monitor(socket_, name.c_str(), events) == 0 &&
                         zmq_connect(monitor_, name.c_str()) == 0;
    if (watched && zmq_connect(socket_, endpoint.c_str()) == 0) return true;
    close();
    return false;
}

void ZmqWire::close() noexcept {
    if (socket_ != nullptr) {
        if (connected_) set_option(socket_, ZMQ_LINGER, kFarewellMs);
        zmq_socket_monitor(socket_, nullptr, 0);
        zmq_close(socket_);
    }
    if (monitor_ != nullptr) zmq_close(monitor_);
    socket_ = monitor_ = nullptr;
    connected_ = false;
    context_.reset();
}

bool ZmqWire::send(const std::string& header, const std::vector<float>& samples) {
    if (socket_ == nullptr) return false;
    if (zmq_send(socket_, protocol::kMagic, sizeof protocol::kMagic, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        return false;
    }
    // A message whose first frame was taken is taken whole, or the connection has just gone.
    const bool more = !samples.empty();
    const int sent = zmq_send(socket_, header.data(), header.size(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
    if (more && sent >= 0) zmq_send(socket_, samples.data(), samples.size() * sizeof(float), ZMQ_DONTWAIT);
    return true;
}

bool ZmqWire::receive(Received& message) {
    watch();
    while (socket_ != nullptr) {
        std::array<Frame, kMostFrames> frames;
        std::size_t count = 0;
        bool more = true;
        for (; more && count < kMostFrames; ++count) {
            if (!frames[count].receive(socket_)) return false;
            more = frames[count].more();
        }
        for (bool rest = more; rest;) {  // a message of more frames than there may be
            Frame frame;
            rest = frame.receive(socket_) && frame.more();
        }
        constexpr std::size_t kWord = sizeof protocol::kMagic - 1;
        const bool known = frames[0].size() == sizeof protocol::kMagic &&
                           std::memcmp(frames[0].data(), protocol::kMagic, kWord) == 0;
        const std::size_t bytes = count == 3 ? frames[2].size() : 0;
        if (more || count < 2 || !known || bytes % sizeof(float) != 0) continue;
        message = {};
        message.bad_version = frames[0].data()[kWord] != protocol::kMagic[kWord];
        if (!message.bad_version) {
            message.header.assign(frames[1].data(), frames[1].size());
            message.samples.resize(bytes / sizeof(float));
            if (bytes > 0) std::memcpy(message.samples.data(), frames[2].data(), bytes);
        }
        return true;
    }
    return false;
}

void ZmqWire::watch() {
    while (monitor_ != nullptr) {
        Frame event, address;
        if (!event.receive(monitor_)) return;
        if (event.more() && !address.receive(monitor_)) return;
        std::uint16_t what = 0;
        if (event.size() >= sizeof what) std::memcpy(&what, event.data(), sizeof what);
        connected_ = what == ZMQ_EVENT_CONNECTED;
        connections_ += connected_;
    }
}

void ZmqWire::wait(int timeout_ms) {
    zmq_pollitem_t items[] = {{socket_, 0, ZMQ_POLLIN, 0}, {monitor_, 0, ZMQ_POLLIN, 0}};
    zmq_poll(items, socket_ != nullptr ? 2 : 0, timeout_ms);
}

}  // namespace anacrusis
