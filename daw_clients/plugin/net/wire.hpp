// How messages get to an engine and back, whatever carries them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace anacrusis {

/// A message as it came: its header, and the samples that go with it (empty: none).
struct Received {
    std::string header;
    std::vector<float> samples;
    bool bad_version = false;  // it is of another version of the protocol: nothing else is set
};

/// Whole messages both ways. Nothing here waits. One thread at a time; not for the audio thread.
class Wire {
public:
    virtual ~Wire() = default;
    /// Takes a message, with ``samples`` where there are any; false where nothing can be taken now.
    virtual bool send(const std::string& header, const std::vector<float>& samples) = 0;
    /// The next message that is one; false where there is none.
    virtual bool receive(Received& message) = 0;
    /// Whether the other side is reached.
    virtual bool connected() const = 0;
    /// Counts the connections that were made.
    virtual std::size_t connections() const = 0;
};

}  // namespace anacrusis
