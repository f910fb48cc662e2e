// As much JSON as the test vectors need: no escapes but \" and \\, numbers as double.
#pragma once

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace json {

struct Value {
    double number = 0.0;
    std::string text;
    std::vector<Value> items;
    std::map<std::string, Value> fields;

    const Value& operator[](const char* name) const { return fields.at(name); }
    bool has(const char* name) const { return fields.count(name) > 0; }
};

class Reader {
public:
    explicit Reader(std::string text) : text_(std::move(text)) {}

    Value value() {
        Value read;
        switch (next()) {
            case '{':
                ++at_;
                while (next() != '}') {
                    const std::string name = string();
                    expect(':');
                    read.fields[name] = value();
                    if (next() == ',') ++at_;
                }
                ++at_;
                return read;
            case '[':
                ++at_;
                while (next() != ']') {
                    read.items.push_back(value());
                    if (next() == ',') ++at_;
                }
                ++at_;
                return read;
            case '"':
                read.text = string();
                return read;
            default:
                return word();
        }
    }

private:
    char next() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
        if (at_ == text_.size()) throw std::runtime_error("the JSON ends too early");
        return text_[at_];
    }
    void expect(char wanted) {
        if (next() != wanted) throw std::runtime_error("the JSON is broken");
        ++at_;
    }
    std::string string() {
        expect('"');
        std::string read;
        for (; text_.at(at_) != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
            read += text_.at(at_);
        }
        ++at_;
        return read;
    }
    Value word() {
        Value read;
        for (const char* name : {"true", "false", "null"}) {
            if (text_.compare(at_, std::string(name).size(), name) != 0) continue;
            read.number = name[0] == 't' ? 1.0 : 0.0;
            read.text = name;
            at_ += std::string(name).size();
            return read;
        }
        char* end = nullptr;
        read.number = std::strtod(text_.c_str() + at_, &end);
        if (end == text_.c_str() + at_) throw std::runtime_error("the JSON has no value there");
        at_ = static_cast<std::size_t>(end - text_.c_str());
        return read;
    }

    std::string text_;
    std::size_t at_ = 0;
};

inline Value read_file(const char* path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return Reader(text.str()).value();
}

}  // namespace json
