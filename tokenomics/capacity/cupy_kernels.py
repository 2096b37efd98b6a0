"""CUDA kernels for what is not a matrix product, each fused into one pass over memory. Compiled by CuPy with NVRTC for the card in use.

The types are float, __half and __nv_bfloat16; sums are in float. One block works on one row, so that a block's threads share its sum.
Places in arrays are counted in 64 bits, widths and rows in 32: cupy_operations refuses what does not fit into them.
"""

SOURCE = r"""
#include <cuda_fp16.h>
#ifdef WITH_BF16  // CuPy 13 may not bring this header
#include <cuda_bf16.h>
#endif

#define THREADS 256

__device__ float block_sum(float value, float* shared) {
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    return shared[0];
}

__device__ float block_max(float value, float* shared) {
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] = fmaxf(shared[threadIdx.x], shared[threadIdx.x + half]);
        __syncthreads();
    }
    return shared[0];
}

// RMS norm of a row.
template <typename T>
__global__ void __launch_bounds__(THREADS) norm(const T* x, const T* gain, T* out, int width, float epsilon) {
    __shared__ float shared[THREADS];
    const T* row = x + (long long)blockIdx.x * width;
    T* to = out + (long long)blockIdx.x * width;
    float sum = 0.0f;
    for (int i = threadIdx.x; i < width; i += THREADS) {
        float value = static_cast<float>(row[i]);
        sum += value * value;
    }
    float scale = rsqrtf(block_sum(sum, shared) / width + epsilon);
    for (int i = threadIdx.x; i < width; i += THREADS)
        to[i] = static_cast<T>(static_cast<float>(row[i]) * scale * static_cast<float>(gain[i]));
}

// SiLU(gate) * up; a row holds the gate, then the other half.
template <typename T>
__global__ void __launch_bounds__(THREADS) gated(const T* gate_up, T* out, long long count, int width) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long at = (i / width) * 2 * width + i % width;
    float gate = static_cast<float>(gate_up[at]), up = static_cast<float>(gate_up[at + width]);
    out[i] = static_cast<T>(gate / (1.0f + expf(-gate)) * up);
}

// Rotary embedding of a token's queries and keys; keys and values go to the cache. One block a token.
template <typename T>
__global__ void __launch_bounds__(THREADS) rotate(const T* qkv, const float* cosine, const float* sine, T* query, T* key, T* value,
                       int tokens, int kv_heads, int group, int width, int past, int capacity, float scale) {
    int batch = blockIdx.x / tokens, token = blockIdx.x % tokens, half = width / 2;
    int queries = kv_heads * group, all = queries + 2 * kv_heads;
    const T* row = qkv + (long long)blockIdx.x * all * width;
    const float* cos_row = cosine + (long long)(past + token) * half;
    const float* sin_row = sine + (long long)(past + token) * half;
    for (int i = threadIdx.x; i < all * half; i += THREADS) {
        int head = i / half, j = i % half;
        float first = static_cast<float>(row[head * width + j]), second = static_cast<float>(row[head * width + j + half]);
        float c = cos_row[j], s = sin_row[j];
        if (head < queries) {
            long long at = (((long long)(batch * kv_heads + head / group) * tokens + token) * group + head % group) * width + j;
            query[at] = static_cast<T>((first * c - second * s) * scale);
            query[at + half] = static_cast<T>((second * c + first * s) * scale);
        } else if (head < queries + kv_heads) {
            long long at = ((long long)(batch * kv_heads + head - queries) * capacity + past + token) * width + j;
            key[at] = static_cast<T>(first * c - second * s);
            key[at + half] = static_cast<T>(second * c + first * s);
        } else {
            long long at = ((long long)(batch * kv_heads + head - queries - kv_heads) * capacity + past + token) * width + j;
            value[at] = static_cast<T>(first);
            value[at + half] = static_cast<T>(second);
        }
    }
}

// Causal softmax of a row in place; row r of a head belongs to token r / group.
template <typename T>
__global__ void __launch_bounds__(THREADS) softmax(T* scores, int rows, int group, int columns, int past) {
    __shared__ float shared[THREADS];
    int seen = past + (blockIdx.x % rows) / group + 1;
    if (seen > columns) seen = columns;
    T* row = scores + (long long)blockIdx.x * columns;
    float most = -3.402823e38f;
    for (int i = threadIdx.x; i < seen; i += THREADS) most = fmaxf(most, static_cast<float>(row[i]));
    most = block_max(most, shared);
    float sum = 0.0f;
    for (int i = threadIdx.x; i < seen; i += THREADS) sum += expf(static_cast<float>(row[i]) - most);
    sum = block_sum(sum, shared);
    for (int i = threadIdx.x; i < columns; i += THREADS)
        row[i] = static_cast<T>(i < seen ? expf(static_cast<float>(row[i]) - most) / sum : 0.0f);
}
"""
THREADS = 256
NAMES = ("norm", "gated", "rotate", "softmax")
TYPES = {"fp32": "float", "fp16": "__half", "bf16": "__nv_bfloat16"}
