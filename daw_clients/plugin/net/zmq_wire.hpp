// The wire over ZeroMQ: a DEALER that never blocks. One thread at a time, but wake(); not for the audio
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "net/wire.hpp"

namespace anacrusis {

/// One ZeroMQ context for the whole process, however many instances there are: made with the first that
/// asks for it, gone with the last.
class ZmqContext {
public:
    static std::shared_ptr<ZmqContext> shared();
    ~ZmqContext();
    ZmqContext(const ZmqContext&) = delete;
    ZmqContext& operator=(const ZmqContext&) = delete;
    void* handle() const noexcept { return context_; }

private:
    ZmqContext();
    void* context_;
};

class ZmqWire final : public Wire {
public:
    ZmqWire() = default;
    ~ZmqWire() override { close(); }
    ZmqWire(const ZmqWire&) = delete;
    ZmqWire& operator=(const ZmqWire&) = delete;

    /// Connects to ``endpoint``, which need not be there yet; false where it is no endpoint.
    bool open(const std::string& endpoint);
    /// What was not sent yet is dropped; the context goes with the last wire that is open.
    void close() noexcept;

    bool send(const std::string& header, const std::vector<float>& samples) override;
    bool receive(Received& message) override;
    bool connected() const override { return connected_; }
    std::size_t connections() const override { return connections_; }

    /// Waits until something comes, ``timeout_ms`` at most.
    void wait(int timeout_ms);

private:
    void watch();

    std::shared_ptr<ZmqContext> context_;
    void* socket_ = nullptr;
    void* monitor_ = nullptr;
    bool connected_ = false;
    std::size_t connections_ = 0;
};

}  // namespace anacrusis
