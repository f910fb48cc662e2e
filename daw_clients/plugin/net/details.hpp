// What the user is told beyond the status: one line for each matter. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace anacrusis {

enum class Topic : std::size_t { rate, endpoint, link, bounce, source, engine, notice, model, state };

class Details {
public:
    /// Words on a matter, in place of those before; empty: it is settled.
    void say(Topic topic, std::string words) { lines_[static_cast<std::size_t>(topic)] = std::move(words); }
    void settle(Topic topic) { say(topic, {}); }
    const std::string& of(Topic topic) const noexcept { return lines_[static_cast<std::size_t>(topic)]; }

    /// All of it, most urgent first, a line each.
    std::string text() const {
        std::string all;
        for (const std::string& line : lines_) {
            if (line.empty()) continue;
            if (!all.empty()) all += '\n';
            all += line;
        }
        return all;
    }

private:
    std::array<std::string, 9> lines_;
};

}  // namespace anacrusis
