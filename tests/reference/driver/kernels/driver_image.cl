// Images have no counterpart in the reference: the build must fail with a log.
kernel void image(read_only image2d_t picture, global float4* out) {
    const sampler_t sampler = CLK_NORMALIZED_COORDS_FALSE | CLK_FILTER_NEAREST;
    out[get_global_id(0)] = read_imagef(picture, sampler, (int2)((int)get_global_id(0), 0));
}
