// Drawing with Cairo: boxes, arcs and text.
#pragma once

#include <cairo.h>

#include <memory>
#include <string_view>
#include <vector>

#include "ui/geometry.hpp"
#include "ui/theme.hpp"

namespace anacrusis::ui {

enum class Align { left, centre, right };

/// The desktop's sans-serif, or Cairo's own plain letters where the machine has no font at all.
/// One thread at a time.
class Fonts {
public:
    Fonts();

    /// Positions of the ends of ``text``'s code points (see Measure in text_layout.hpp).
    std::vector<double> positions(std::string_view text, Font font) const;
    double width(std::string_view text, Font font) const;
    void apply(cairo_t* cr, Font font) const;

private:
    struct Release {
        void operator()(cairo_font_face_t* face) const noexcept { cairo_font_face_destroy(face); }
        void operator()(cairo_font_options_t* options) const noexcept { cairo_font_options_destroy(options); }
    };
    using Face = std::unique_ptr<cairo_font_face_t, Release>;
    static Face face(cairo_font_weight_t weight, const cairo_font_options_t* options);

    std::unique_ptr<cairo_font_options_t, Release> options_;
    Face plain_, bold_;
};

/// Draws on a Cairo context that outlives it. Text must be well-formed UTF-8.
class Canvas {
public:
    Canvas(cairo_t* cr, const Fonts& fonts) noexcept : cr_(cr), fonts_(fonts) {}

    const Fonts& fonts() const noexcept { return fonts_; }

    void fill(Rect box, Colour colour, double radius = 0.0);
    void frame(Rect box, Colour colour, double radius, double width = 1.0);
    void disc(Point centre, double radius, Colour colour);
    /// Angles clockwise from the right, in radians.
    void arc(Point centre, double radius, double from, double to, Colour colour, double width);
    void line(Point from, Point to, Colour colour, double width);
    /// ``at`` is on the baseline.
    void text(Point at, std::string_view text, Font font, Colour colour, Align align = Align::left);
    /// Cut with an ellipsis where it is wider than ``width``.
    void text_within(Point at, double width, std::string_view text, Font font, Colour colour);
    /// In smaller letters (down to four fifths) where it is wider than ``width``; then cut.
    void text_fitted(Point at, double width, std::string_view text, Font font, Colour colour);

    void clip(Rect box);
    void unclip();

private:
    void path(Rect box, double radius);
    void use(Colour colour);

    cairo_t* cr_;
    const Fonts& fonts_;
};

}  // namespace anacrusis::ui
