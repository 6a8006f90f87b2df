// One reference to a refcounted object: get() and put() in a pair, as the kernel's scoped guards have them.
//
// Thread safety: as a pointer's; the counts are the object's own. Ownership: shared.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace faultline::svm {

template <typename T>
concept Refcounted = requires(T* object) {
    object->get();
    object->put();
};

template <Refcounted T>
void intrusive_ptr_add_ref(T* object) {
    object->get();
}
template <Refcounted T>
void intrusive_ptr_release(T* object) {
    object->put();
}

/// Empty, or one reference.
template <typename T>
using Ref = boost::intrusive_ptr<T>;

/// Takes over a reference that the caller has; null makes an empty one.
template <typename T>
Ref<T> adopt(T* object) {
    return Ref<T>(object, /*add_ref=*/false);
}

}  // namespace faultline::svm
