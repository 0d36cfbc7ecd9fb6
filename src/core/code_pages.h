// code_pages: a start reads files, checks them and builds tables with code that no request runs.
#pragma once

namespace holdfast {

// Gives back the pages of code and constants that are mapped so far, the program's and its libraries'. They stay in the
// page cache and are mapped again when they are next used; what only the start needed does not stay resident. Pages
// that relocation wrote to lie in other segments and are kept. Any thread, while others run.
void give_back_code_pages() noexcept;

}  // namespace holdfast
