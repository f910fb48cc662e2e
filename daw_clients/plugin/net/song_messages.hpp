// What was learned, as messages of the protocol and back. Pure; any thread; allocates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generated/bridge_protocol.hpp"
#include "net/automation.hpp"
#include "net/notes_memory.hpp"
#include "net/timeline.hpp"

namespace anacrusis {

protocol::TempoMapMessage tempo_map_message(const Timeline& timeline, std::int64_t revision);
/// False where the message is no map that the plugin could have made.
bool restore_map(Timeline& timeline, const protocol::TempoMapMessage& message, double shift);

/// The lane from curve frame ``from`` on, in as many messages as it has stretches; ``onwards`` in each.
std::vector<protocol::LaneMessage> lane_messages(const char* parameter, const LaneMemory& memory,
                                                 std::int64_t from);
/// False where no control has such a lane, or the values are out of its range.
bool restore_lane(Automation& automation, const protocol::LaneMessage& message);

protocol::Notes notes_message(const NotesMemory& notes, const BarGrid& grid, std::int64_t revision);
std::vector<HeardNote> heard_notes(const std::vector<protocol::Note>& notes, const BarGrid& grid);

/// Messages as state keeps them: base64 of one message's map, or of an array of maps.
template <class Message>
std::string message_text(const Message& message);
template <class Message>
std::string messages_text(const std::vector<Message>& messages);
/// Nothing where the text is anything else, or longer than ``longest``.
template <class Message>
std::optional<Message> message_of_text(std::string_view text, std::size_t longest);
template <class Message>
std::optional<std::vector<Message>> messages_of_text(std::string_view text, std::size_t longest);

}  // namespace anacrusis
