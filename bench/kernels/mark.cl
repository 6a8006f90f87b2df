// As little as a kernel can do whose launch is to be proven: each work-group leaves `value` in its own word of USM.
kernel void mark(global uint* words, uint value) { words[get_group_id(0)] = value; }
