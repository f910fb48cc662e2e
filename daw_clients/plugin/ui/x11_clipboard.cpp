#include "ui/x11_clipboard.hpp"

#include <iterator>
#include <string_view>
#include <utility>

#include "ui/utf8.hpp"

namespace anacrusis::ui {
namespace {

std::string from_latin1(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += utf8::encode(static_cast<std::uint8_t>(c));
    return text;
}

}  // namespace

bool X11Clipboard::know_atoms() noexcept {
    if (clipboard_ != 0) return true;
    if (link_.helper() == 0) return false;
    clipboard_ = link_.atom("CLIPBOARD");
    utf8_ = link_.atom("UTF8_STRING");
    targets_ = link_.atom("TARGETS");
    plain_ = link_.atom("text/plain");
    plain_utf8_ = link_.atom("text/plain;charset=utf-8");
    property_ = link_.atom("ANACRUSIS_PASTE");
    return clipboard_ != 0;
}

void X11Clipboard::copy(std::string text) {
    if (!know_atoms()) return;
    copied_ = std::move(text);
    xcb_set_selection_owner(link_.get(), link_.helper(), clipboard_, XCB_CURRENT_TIME);
    xcb_flush(link_.get());
}

bool X11Clipboard::is_ours() noexcept {
    xcb_connection_t* const x = link_.get();
    const auto asked = xcb_get_selection_owner(x, clipboard_);
    const XcbReply<xcb_get_selection_owner_reply_t> reply(xcb_get_selection_owner_reply(x, asked, nullptr));
    return reply && reply->owner == link_.helper();
}

std::optional<std::string> X11Clipboard::ask() {
    if (!know_atoms()) return std::nullopt;
    if (is_ours()) return copied_;
    convert(utf8_);
    return std::nullopt;
}

void X11Clipboard::convert(xcb_atom_t type) noexcept {
    xcb_convert_selection(link_.get(), link_.helper(), clipboard_, type, property_, XCB_CURRENT_TIME);
    xcb_flush(link_.get());
}

std::optional<std::string> X11Clipboard::idle() {
    if (clipboard_ == 0) return std::nullopt;
    std::optional<std::string> text;
    while (const XcbReply<xcb_generic_event_t> event{xcb_poll_for_event(link_.get())}) {
        const int kind = event->response_type & 0x7F;
        if (kind == XCB_SELECTION_REQUEST)
            answer(*reinterpret_cast<const xcb_selection_request_event_t*>(event.get()));
        if (kind == XCB_SELECTION_CLEAR) copied_.clear();
        if (kind == XCB_SELECTION_NOTIFY)
            text = receive(*reinterpret_cast<const xcb_selection_notify_event_t*>(event.get()));
    }
    return text;
}

std::optional<std::string> X11Clipboard::receive(const xcb_selection_notify_event_t& notice) {
    if (notice.property == XCB_ATOM_NONE) {
        // Old programs know Latin-1 only.
        if (notice.target == utf8_) convert(XCB_ATOM_STRING);
        return std::nullopt;
    }
    xcb_connection_t* const x = link_.get();
    const auto asked = xcb_get_property(x, 1, link_.helper(), property_, XCB_ATOM_ANY, 0, kMaxBytes / 4);
    const XcbReply<xcb_get_property_reply_t> reply(xcb_get_property_reply(x, asked, nullptr));
    if (!reply || reply->format != 8) return std::nullopt;
    const auto* const bytes = static_cast<const char*>(xcb_get_property_value(reply.get()));
    const std::string_view text(bytes, static_cast<std::size_t>(xcb_get_property_value_length(reply.get())));
    return reply->type == XCB_ATOM_STRING ? from_latin1(text) : std::string(text);
}

void X11Clipboard::answer(const xcb_selection_request_event_t& request) {
    xcb_connection_t* const x = link_.get();
    xcb_selection_notify_event_t notice{};
    notice.response_type = XCB_SELECTION_NOTIFY;
    notice.time = request.time;
    notice.requestor = request.requestor;
    notice.selection = request.selection;
    notice.target = request.target;
    notice.property = request.property != XCB_ATOM_NONE ? request.property : request.target;
    const bool is_text = request.target == utf8_ || request.target == plain_ || request.target == plain_utf8_;
    if (request.target == targets_) {
        const xcb_atom_t offered[] = {targets_, utf8_, plain_utf8_, plain_};
        xcb_change_property(x, XCB_PROP_MODE_REPLACE, request.requestor, notice.property, XCB_ATOM_ATOM, 32,
                            static_cast<std::uint32_t>(std::size(offered)), offered);
    } else if (is_text) {
        xcb_change_property(x, XCB_PROP_MODE_REPLACE, request.requestor, notice.property, request.target, 8,
                            static_cast<std::uint32_t>(copied_.size()), copied_.data());
    } else {
        notice.property = XCB_ATOM_NONE;
    }
    xcb_send_event(x, 0, request.requestor, 0, reinterpret_cast<const char*>(&notice));
    xcb_flush(x);
}

}  // namespace anacrusis::ui
