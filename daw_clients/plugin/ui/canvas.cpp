#include "ui/canvas.hpp"

#include <algorithm>
#include <string>

#include "ui/utf8.hpp"

namespace anacrusis::ui {
namespace {

constexpr double kPi = 3.14159265358979323846;

struct ReleaseFont {
    void operator()(cairo_scaled_font_t* font) const noexcept { cairo_scaled_font_destroy(font); }
};
using ScaledFont = std::unique_ptr<cairo_scaled_font_t, ReleaseFont>;

ScaledFont scaled(cairo_font_face_t* face, double size, const cairo_font_options_t* options) {
    cairo_matrix_t letters, identity;
    cairo_matrix_init_scale(&letters, size, size);
    cairo_matrix_init_identity(&identity);
    return ScaledFont(cairo_scaled_font_create(face, &letters, &identity, options));
}

/// The glyphs of a text, one for each of its code points (Cairo's toy faces do no shaping).
class Glyphs {
public:
    Glyphs(cairo_scaled_font_t* font, std::string_view text) {
        status_ = cairo_scaled_font_text_to_glyphs(font, 0.0, 0.0, text.data(), static_cast<int>(text.size()),
                                                   &glyphs_, &count_, nullptr, nullptr, nullptr);
    }
    ~Glyphs() { cairo_glyph_free(glyphs_); }
    Glyphs(const Glyphs&) = delete;
    Glyphs& operator=(const Glyphs&) = delete;

    bool good() const noexcept { return status_ == CAIRO_STATUS_SUCCESS; }
    int count() const noexcept { return count_; }
    double x(int i) const noexcept { return glyphs_[i].x; }

private:
    cairo_glyph_t* glyphs_ = nullptr;
    int count_ = 0;
    cairo_status_t status_;
};

bool can_write(cairo_font_face_t* face, const cairo_font_options_t* options) {
    const ScaledFont font = scaled(face, 12.0, options);
    return cairo_scaled_font_status(font.get()) == CAIRO_STATUS_SUCCESS && Glyphs(font.get(), "A").good();
}

}  // namespace

Fonts::Fonts()
    : options_(cairo_font_options_create()),
      plain_(face(CAIRO_FONT_WEIGHT_NORMAL, options_.get())),
      bold_(face(CAIRO_FONT_WEIGHT_BOLD, options_.get())) {
    cairo_font_options_set_antialias(options_.get(), CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options_.get(), CAIRO_HINT_STYLE_SLIGHT);
    // Widths stay the same at every scale, so what is measured once fits always.
    cairo_font_options_set_hint_metrics(options_.get(), CAIRO_HINT_METRICS_OFF);
}

Fonts::Face Fonts::face(cairo_font_weight_t weight, const cairo_font_options_t* options) {
    Face desktop(cairo_toy_font_face_create("sans-serif", CAIRO_FONT_SLANT_NORMAL, weight));
    if (can_write(desktop.get(), options)) return desktop;
    // "@cairo:" is Cairo's built-in stroke font.
    return Face(cairo_toy_font_face_create("@cairo:", CAIRO_FONT_SLANT_NORMAL, weight));
}

std::vector<double> Fonts::positions(std::string_view text, Font font) const {
    const std::size_t points = utf8::count(text);
    std::vector<double> ends(points + 1, 0.0);
    const ScaledFont letters = scaled((font.bold ? bold_ : plain_).get(), font.size, options_.get());
    const Glyphs glyphs(letters.get(), text);
    if (!glyphs.good() || static_cast<std::size_t>(glyphs.count()) != points) {
        for (std::size_t i = 0; i <= points; ++i) ends[i] = static_cast<double>(i) * font.size * 0.6;
        return ends;
    }
    for (std::size_t i = 1; i < points; ++i) ends[i] = glyphs.x(static_cast<int>(i));
    cairo_text_extents_t extents;
    const std::string whole(text);
    cairo_scaled_font_text_extents(letters.get(), whole.c_str(), &extents);
    ends[points] = points == 0 ? 0.0 : extents.x_advance;
    return ends;
}

double Fonts::width(std::string_view text, Font font) const { return positions(text, font).back(); }

void Fonts::apply(cairo_t* cr, Font font) const {
    cairo_set_font_face(cr, (font.bold ? bold_ : plain_).get());
    cairo_set_font_size(cr, font.size);
    cairo_set_font_options(cr, options_.get());
}

void Canvas::use(Colour colour) {
    cairo_set_source_rgba(cr_, colour.red, colour.green, colour.blue, colour.alpha);
}

void Canvas::path(Rect box, double radius) {
    const double r = std::min({radius, box.w / 2.0, box.h / 2.0});
    if (r <= 0.0) return cairo_rectangle(cr_, box.x, box.y, box.w, box.h);
    cairo_new_sub_path(cr_);
    cairo_arc(cr_, box.right() - r, box.y + r, r, -kPi / 2.0, 0.0);
    cairo_arc(cr_, box.right() - r, box.bottom() - r, r, 0.0, kPi / 2.0);
    cairo_arc(cr_, box.x + r, box.bottom() - r, r, kPi / 2.0, kPi);
    cairo_arc(cr_, box.x + r, box.y + r, r, kPi, 1.5 * kPi);
    cairo_close_path(cr_);
}

void Canvas::fill(Rect box, Colour colour, double radius) {
    use(colour);
    path(box, radius);
    cairo_fill(cr_);
}

void Canvas::frame(Rect box, Colour colour, double radius, double width) {
    use(colour);
    cairo_set_line_width(cr_, width);
    path(box.inset(width / 2.0), radius);
    cairo_stroke(cr_);
}

void Canvas::disc(Point centre, double radius, Colour colour) {
    use(colour);
    cairo_new_sub_path(cr_);
    cairo_arc(cr_, centre.x, centre.y, radius, 0.0, 2.0 * kPi);
    cairo_fill(cr_);
}

void Canvas::arc(Point centre, double radius, double from, double to, Colour colour, double width) {
    use(colour);
    cairo_set_line_width(cr_, width);
    cairo_set_line_cap(cr_, CAIRO_LINE_CAP_ROUND);
    cairo_new_sub_path(cr_);
    cairo_arc(cr_, centre.x, centre.y, radius, from, to);
    cairo_stroke(cr_);
}

void Canvas::line(Point from, Point to, Colour colour, double width) {
    use(colour);
    cairo_set_line_width(cr_, width);
    cairo_set_line_cap(cr_, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cr_, from.x, from.y);
    cairo_line_to(cr_, to.x, to.y);
    cairo_stroke(cr_);
}

void Canvas::text(Point at, std::string_view text, Font font, Colour colour, Align align) {
    const double share = align == Align::left ? 0.0 : align == Align::centre ? 0.5 : 1.0;
    const double left = share > 0.0 ? at.x - share * fonts_.width(text, font) : at.x;
    use(colour);
    fonts_.apply(cr_, font);
    cairo_move_to(cr_, left, at.y);
    const std::string ended(text);
    cairo_show_text(cr_, ended.c_str());
}

void Canvas::text_within(Point at, double width, std::string_view words, Font font, Colour colour) {
    const std::vector<double> ends = fonts_.positions(words, font);
    if (ends.back() <= width) return text(at, words, font, colour);
    const double room = width - fonts_.width("\u2026", font);
    std::size_t end = 0;
    for (std::size_t i = 1; i < ends.size() && ends[i] <= room; ++i) end = utf8::next(words, end);
    text(at, std::string(words.substr(0, end)) + "\u2026", font, colour);
}

void Canvas::text_fitted(Point at, double width, std::string_view words, Font font, Colour colour) {
    const double share = width / std::max(width, fonts_.width(words, font));
    text_within(at, width, words, {font.size * std::max(share, 0.8), font.bold}, colour);
}

void Canvas::clip(Rect box) {
    cairo_save(cr_);
    cairo_rectangle(cr_, box.x, box.y, box.w, box.h);
    cairo_clip(cr_);
}

void Canvas::unclip() { cairo_restore(cr_); }

}  // namespace anacrusis::ui
