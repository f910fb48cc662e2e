// Hashes and base64 against their standards' own vectors.
#include <string>

#include "net/base64.hpp"
#include "net/lane_memory.hpp"
#include "net/sha256.hpp"
#include "tests/check.hpp"

using namespace anacrusis;

namespace {

std::string sha(const std::string& text, std::size_t piece) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        hash.add(text.data() + at, std::min(piece, text.size() - at));
    }
    return hash.hex();
}

/// The examples of FIPS 180-4 and NIST's test vectors, in pieces of every size.
void sha256_is_that_of_fips_180() {
    const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for (std::size_t piece = 1; piece < 70; ++piece) {
        CHECK(sha("abc", piece) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        CHECK(sha(two_blocks, piece) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
    CHECK(sha("", 1) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha(std::string(1'000'000, 'a'), 999) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Bytes bytes(const std::string& text) { return {text.begin(), text.end()}; }

void base64_is_that_of_rfc_4648() {
    const char* pairs[][2] = {{"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (const auto& pair : pairs) {
        CHECK(base64_encode(bytes(pair[0])) == pair[1]);
        CHECK(base64_decode(pair[1]) == bytes(pair[0]));
    }
    for (const char* bad : {"Z", "Zg=", "Zg", "Z===", "====", "Zm9v!m9v", "Zg==Zg==", "\xff\xff\xff\xff"}) {
        CHECK(!base64_decode(bad));
    }
}

void a_float_is_the_number_that_a_user_would_type() {
    CHECK(plain_number(0.3F) == 0.3);
    CHECK(plain_number(0.6F) == 0.6);
    CHECK(plain_number(-59.9F) == -59.9);
    CHECK(plain_number(0.5F) == 0.5);
    CHECK(plain_number(1.0F) == 1.0);
    CHECK(static_cast<float>(plain_number(0.12345678F)) == 0.12345678F);
}

}  // namespace

int main() {
    sha256_is_that_of_fips_180();
    base64_is_that_of_rfc_4648();
    a_float_is_the_number_that_a_user_would_type();
    return check::finish();
}
