// The top of the panel: how it goes, in words, and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "ui/controls.hpp"
#include "ui/widget.hpp"

namespace anacrusis::ui {

class StatusLine : public Widget {
public:
    StatusLine(Rect box, const Controls& controls) noexcept : Widget(box), controls_(controls) {}

    void draw(Canvas& canvas, Look look) const override;

    /// The plugin's own words on its present status; they hold until the status changes. Empty: it has
    /// none. True: something changed.
    bool set_details(std::string_view text);
    /// To be called after the status was heard.
    void status_heard() noexcept;
    /// The sentence under the status.
    std::string sentence() const;

private:
    void draw_status(Canvas& canvas, double room) const;
    void draw_lead(Canvas& canvas, Rect bar) const;
    void draw_sentence(Canvas& canvas, double width) const;
    int status() const noexcept { return controls_.choice(index_of(Control::status)); }

    const Controls& controls_;
    std::string details_;
    int details_of_ = -1;  // the status they are about; -1: the one heard next
};

}  // namespace anacrusis::ui
