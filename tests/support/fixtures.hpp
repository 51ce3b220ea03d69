#pragma once
#include <string>

/// tests/fixtures: only one file knows where that is, so that a compiler's cache finds the others from every checkout.
std::string fixtures_folder();
