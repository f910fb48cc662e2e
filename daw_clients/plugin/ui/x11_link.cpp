#include "ui/x11_link.hpp"

#include <cstring>

namespace anacrusis::ui {

X11Link::~X11Link() {
    if (connection_ != nullptr) xcb_disconnect(connection_);
}

xcb_connection_t* X11Link::get() noexcept {
    if (!tried_) {
        tried_ = true;
        connection_ = xcb_connect(nullptr, nullptr);
        if (xcb_connection_has_error(connection_) != 0) {
            xcb_disconnect(connection_);
            connection_ = nullptr;
        }
    }
    return connection_;
}

xcb_window_t X11Link::helper() noexcept {
    if (helper_ != 0 || get() == nullptr) return helper_;
    const xcb_screen_t* screen = xcb_setup_roots_iterator(xcb_get_setup(connection_)).data;
    helper_ = xcb_generate_id(connection_);
    xcb_create_window(connection_, XCB_COPY_FROM_PARENT, helper_, screen->root, 0, 0, 1, 1, 0,
                      XCB_WINDOW_CLASS_INPUT_ONLY, screen->root_visual, 0, nullptr);
    xcb_flush(connection_);
    return helper_;
}

xcb_atom_t X11Link::atom(const char* name) noexcept {
    if (get() == nullptr) return XCB_ATOM_NONE;
    const auto asked = xcb_intern_atom(connection_, 0, static_cast<std::uint16_t>(std::strlen(name)), name);
    const XcbReply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(connection_, asked, nullptr));
    return reply ? reply->atom : static_cast<xcb_atom_t>(XCB_ATOM_NONE);
}

}  // namespace anacrusis::ui
