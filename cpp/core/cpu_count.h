// How many processors this process may use: its affinity mask and the container's quota.
#pragma once

namespace strate {

int usable_processors();

}  // namespace strate
