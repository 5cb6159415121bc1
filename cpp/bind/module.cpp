#include "bind/bind.h"

PYBIND11_MODULE(_core, m) {
  using namespace strate;
  m.doc() = "The engine of strate: tensors and ops. Use it through the package.";
  bind_errors(m);
  bind_tensor(m);
  bind_dlpack(m);
  bind_random(m);
  bind_info(m);
  bind_cuda(m);
  bind_recording(m);
  bind_transfer(m);
  bind_activation(m);
  bind_adaptive(m);
  bind_augment(m);
  bind_average_pool2d(m);
  bind_batch_norm(m);
  bind_combine(m);
  bind_concat(m);
  bind_conv2d(m);
  bind_conv2d_transpose(m);
  bind_count_correct(m);
  bind_cross_entropy(m);
  bind_dense(m);
  bind_dropout(m);
  bind_embedding(m);
  bind_finite(m);
  bind_gather(m);
  bind_global_average_pool2d(m);
  bind_gradient_norm(m);
  bind_layer_norm(m);
  bind_local_response_norm(m);
  bind_mask(m);
  bind_max_pool2d(m);
  bind_normalize(m);
  bind_pointwise_loss(m);
  bind_rbf(m);
  bind_recurrent(m);
  bind_sgd(m);
  bind_squared_error(m);
  bind_sub_sample2d(m);
  bind_up_sample2d(m);
}
