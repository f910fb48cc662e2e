#include "ui/x11_keyboard.hpp"

namespace anacrusis::ui {

xcb_window_t X11Keyboard::focused() noexcept {
    xcb_connection_t* const x = link_.get();
    if (x == nullptr) return XCB_WINDOW_NONE;
    const auto asked = xcb_get_input_focus(x);
    const XcbReply<xcb_get_input_focus_reply_t> reply(xcb_get_input_focus_reply(x, asked, nullptr));
    return reply ? reply->focus : static_cast<xcb_window_t>(XCB_WINDOW_NONE);
}

void X11Keyboard::focus(xcb_window_t window) noexcept {
    xcb_connection_t* const x = link_.get();
    if (x == nullptr) return;
    // The window may be gone or hidden: then the error comes here and ends here.
    const auto asked = xcb_set_input_focus_checked(x, XCB_INPUT_FOCUS_PARENT, window, XCB_CURRENT_TIME);
    const XcbReply<xcb_generic_error_t> error(xcb_request_check(x, asked));
}

void X11Keyboard::take(xcb_window_t window) noexcept {
    const xcb_window_t owner = focused();
    if (owner != window) before_ = owner;
    had_it_ = false;
    focus(window);
}

void X11Keyboard::give_back(xcb_window_t window) noexcept {
    // 0 and 1 are "nobody" and "whoever is under the pointer": those take no orders.
    if (before_ > XCB_INPUT_FOCUS_POINTER_ROOT && focused() == window) focus(before_);
    before_ = XCB_WINDOW_NONE;
    had_it_ = false;
}

bool X11Keyboard::is_lost(xcb_window_t window) noexcept {
    const bool has_it = focused() == window;
    if (has_it) had_it_ = true;
    return had_it_ && !has_it;
}

void X11Keyboard::pass_on(xcb_window_t window, const PassedKey& key) noexcept {
    xcb_connection_t* const x = link_.get();
    if (x == nullptr) return;
    const XcbReply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(x, xcb_query_tree(x, window), nullptr));
    if (!tree || tree->parent == tree->root) return;
    xcb_key_press_event_t event{};
    event.response_type = key.press ? XCB_KEY_PRESS : XCB_KEY_RELEASE;
    event.detail = key.keycode;
    event.time = key.time_ms;
    event.root = tree->root;
    event.event = tree->parent;
    event.state = key.state;
    event.same_screen = 1;
    const std::uint32_t mask = key.press ? XCB_EVENT_MASK_KEY_PRESS : XCB_EVENT_MASK_KEY_RELEASE;
    xcb_send_event(x, 1, tree->parent, mask, reinterpret_cast<const char*>(&event));
    xcb_flush(x);
}

}  // namespace anacrusis::ui
