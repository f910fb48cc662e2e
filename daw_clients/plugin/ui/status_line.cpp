#include "ui/status_line.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/status_advice.hpp"
#include "ui/text_layout.hpp"
#include "ui/utf8.hpp"
#include "ui/value_text.hpp"

namespace anacrusis::ui {
namespace {

constexpr std::size_t kMaxDetails = 400;
constexpr std::size_t kLines = 2;
constexpr double kLineHeight = 16.0;
constexpr double kTextLeft = 44.0;
constexpr double kLeadWidth = 168.0;
constexpr double kRightEdge = 100.0;  // left of it lies the lead, right of it the bypass button

std::string late_text(float late_bars) {
    const long bars = std::lround(late_bars);
    if (bars > 999) return "999+ late bars";
    return std::to_string(bars) + (bars == 1 ? " late bar" : " late bars");
}

}  // namespace

bool StatusLine::set_details(std::string_view text) {
    std::string clean = utf8::clean(text, kMaxDetails);
    details_of_ = controls_.is_told(index_of(Control::status)) ? status() : -1;
    if (clean == details_) return false;
    details_ = std::move(clean);
    return true;
}

void StatusLine::status_heard() noexcept {
    if (details_of_ < 0)
        details_of_ = status();
    else if (details_of_ != status())
        details_.clear();
}

std::string StatusLine::sentence() const {
    if (!details_.empty()) return details_;
    if (!controls_.is_told(index_of(Control::status)))
        return "The host has not told this window anything yet. It does so once its audio runs.";
    return advice_for(static_cast<Status>(status())).sentence;
}

void StatusLine::draw(Canvas& canvas, Look) const {
    canvas.fill(box(), kHeader);
    canvas.line({0.0, box().bottom()}, {box().right(), box().bottom()}, kLine, 1.0);
    const Rect bar{box().right() - kRightEdge - kLeadWidth, box().y + 26.0, kLeadWidth, 6.0};
    draw_status(canvas, bar.x - box().x - 60.0);
    draw_lead(canvas, bar);
    draw_sentence(canvas, box().w - 60.0);
}

void StatusLine::draw_status(Canvas& canvas, double room) const {
    const bool told = controls_.is_told(index_of(Control::status));
    const Colour dot = told ? advice_for(static_cast<Status>(status())).dot : kGrey;
    const Point middle{box().x + 24.0, box().y + 25.0};
    canvas.disc(middle, 11.0, {dot.red, dot.green, dot.blue, 0.18});
    canvas.disc(middle, 6.5, dot);
    const char* const words = told ? kStatusWords[status()] : "no word from the host";
    canvas.text_fitted({box().x + kTextLeft, box().y + 31.5}, room, words, kStatusFont, kText);
}

void StatusLine::draw_sentence(Canvas& canvas, double width) const {
    const std::string words = sentence();
    const Measure measure = [&canvas](std::string_view text) {
        return canvas.fonts().positions(text, kLabelFont);
    };
    const TextLayout lines(words, measure, width);
    for (std::size_t i = 0; i < std::min(kLines, lines.lines().size()); ++i) {
        const TextLine line = lines.lines()[i];
        const std::size_t end = i + 1 == kLines ? words.size() : line.end;
        const std::string_view part = std::string_view(words).substr(line.begin, end - line.begin);
        const Point at{box().x + kTextLeft, box().y + 56.0 + kLineHeight * static_cast<double>(i)};
        canvas.text_within(at, width, part, kLabelFont, kMuted);
    }
}

void StatusLine::draw_lead(Canvas& canvas, Rect bar) const {
    const ControlSpec& spec = spec_of(index_of(Control::lead_ms));
    const double lead_ms = static_cast<double>(controls_.value(index_of(Control::lead_ms)));
    const double buffer_ms = static_cast<double>(controls_.value(index_of(Control::buffer_ms)));
    const float late_bars = controls_.value(index_of(Control::late_bars));
    const std::string lead = std::to_string(std::lround(lead_ms)) + " " + spec.unit;
    const double line = bar.y - 7.0;
    canvas.text({bar.x, line}, std::string(spec.label) + " " + lead, kHelpFont, kMuted);
    const Colour late = late_bars > 0.0f ? kAmber : kMuted;
    canvas.text({bar.right(), line}, late_text(late_bars), kHelpFont, late, Align::right);
    canvas.fill(bar, kWell, 3.0);
    const double share = std::clamp(lead_ms / buffer_ms, 0.0, 1.0);
    if (share > 0.02) canvas.fill({bar.x, bar.y, bar.w * share, bar.h}, share < 0.25 ? kAmber : kAccent, 3.0);
}

}  // namespace anacrusis::ui
