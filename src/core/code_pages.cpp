#include "core/code_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstddef>
#include <span>

namespace holdfast {
namespace {

int give_back(dl_phdr_info* object, std::size_t, void*) noexcept {
  const auto page = static_cast<ElfW(Addr)>(::sysconf(_SC_PAGESIZE));
  for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const ElfW(Addr) begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const ElfW(Addr) end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
    if (begin < end) ::madvise(std::bit_cast<void*>(begin), end - begin, MADV_DONTNEED);  // refused for the vDSO
  }
  return 0;
}

}  // namespace

void give_back_code_pages() noexcept { ::dl_iterate_phdr(&give_back, nullptr); }

}  // namespace holdfast
