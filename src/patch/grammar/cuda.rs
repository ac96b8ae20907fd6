//! C, C++ and CUDA, by tree-sitter's grammar for CUDA. It reads files without their headers, so that it stumbles over macros:
//! what it can't read counts only where the patch made it so, and where no macro can be to blame.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::bytes::Regex;
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::{Parsed, Source};
use crate::text::{clean, width};

/// A file that takes longer is not what people write: a real one takes some ms.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many errors are enough.
const MOST: usize = 200;

/// What the grammar does not know and what means nothing to it: attributes of CUDA, and explicit instantiations.
static UNKNOWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let bounds = r"__(?:align|launch_bounds|cluster_dims|maxnreg|block_size)__\s*\((?:[^()]|\([^()]*\))*\)";
    let words = r"\b(?:__grid_constant__|__forceinline__|__noinline__|__restrict__)\b";
    Regex::new(&format!(r"(?-u){bounds}|{words}|(?m:^[ \t]*)(?P<word>template)[ \t]+(?:class|struct)\s")).ok()
});

/// A word that looks like a macro's.
static MACRO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)\b[A-Z][A-Z0-9_]{3,}\b|^\s*#").ok());

/// What the grammar could not read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    /// First and last line, from 1.
    lines: (usize, usize),
    column: usize,
    what: String,
    /// The text of its first line.
    text: String,
    /// A macro stands there.
    has_macro: bool,
}

/// Parses a file.
pub(super) fn parse(source: &Source<'_>) -> Parsed {
    let Some(after) = problems(source.after) else { return Parsed::Unknown("the grammar took too long".to_owned()) };
    let Some(first) = after.first() else { return Parsed::Fine };
    let unsure = |found: &Problem| Parsed::Unknown(format!("line {} may need its headers to be read", found.lines.0));
    let Some(before) = source.before else { return unsure(first) };
    let Some(before) = problems(before) else { return unsure(first) };
    let mut known: HashMap<&str, usize> = HashMap::new();
    for problem in &before {
        *known.entry(&problem.text).or_default() += 1;
    }
    let new: Vec<&Problem> = after.iter().filter(|problem| !take(&mut known, &problem.text)).collect();
    let Some(first) = new.first() else { return Parsed::Fine };
    // a file that was hard to read before is only judged where the patch wrote
    let is_added =
        |found: &Problem| source.added.iter().any(|line| (found.lines.0.saturating_sub(1)..=found.lines.1 + 1).contains(&(*line as usize)));
    let sure = new.iter().find(|found| !found.has_macro && (before.is_empty() || is_added(found)));
    sure.map_or_else(|| unsure(first), |found| Parsed::Broken(format!("{}:{}: {}", found.lines.0, found.column, found.what)))
}

/// Takes one of these lines away, where there is one.
fn take(known: &mut HashMap<&str, usize>, line: &str) -> bool {
    match known.get_mut(line) {
        Some(left @ 1..) => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

/// What can't be read, from the top; `None` where it took too long.
fn problems(text: &[u8]) -> Option<Vec<Problem>> {
    let readable = without_unknown(text);
    let tree = tree_of(&readable)?;
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            found.push(problem(node, &lines));
        }
        let goes_down = node.has_error() && !node.is_error() && cursor.goto_first_child();
        while found.len() < MOST && !goes_down && !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Some(found);
            }
        }
        if found.len() >= MOST {
            return Some(found);
        }
    }
}

fn problem(node: Node<'_>, lines: &[&[u8]]) -> Problem {
    let (start, end) = (node.start_position(), node.end_position());
    let line = |row: usize| lines.get(row).copied().unwrap_or_default();
    let text = String::from_utf8_lossy(line(start.row)).trim().to_owned();
    // a macro that lacks its semicolon makes the next line look wrong, and a macro without one the line after it
    let mut around = start.row.saturating_sub(1)..=end.row.min(start.row + 3);
    let is_conflict = ["<<<<<<<", ">>>>>>>"].iter().any(|mark| text.starts_with(mark));
    let has_macro = !is_conflict && around.any(|row| MACRO.as_ref().is_none_or(|pattern| pattern.is_match(line(row))));
    let column = String::from_utf8_lossy(line(start.row).get(..start.column).unwrap_or_default()).chars().count() + 1;
    let what = if node.is_missing() {
        format!("'{}' is missing", node.kind())
    } else {
        format!("it can't be read: {}", width::clip(&clean::line(&text), 60))
    };
    Problem { lines: (start.row + 1, end.row + 1), column, what, text, has_macro }
}

fn tree_of(text: &[u8]) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_cuda::LANGUAGE.into()).ok()?;
    let until = Instant::now() + PATIENCE;
    let mut in_time = |_: &ParseState| if Instant::now() < until { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let options = ParseOptions::new().progress_callback(&mut in_time);
    parser.parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options))
}

/// The text with blanks for what the grammar does not know: every place stays where it is.
fn without_unknown(text: &[u8]) -> Vec<u8> {
    let mut readable = text.to_vec();
    let Some(unknown) = UNKNOWN.as_ref() else { return readable };
    for found in unknown.captures_iter(text) {
        let Some(part) = found.name("word").or_else(|| found.get(0)) else { continue };
        for byte in readable.get_mut(part.range()).unwrap_or_default().iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
    }
    readable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::grammar::Language;

    const KERNEL: &str = r#"#include <torch/all.h>
#include "dispatch_utils.h"

#define CALL_KERNEL(T, N)                          \
  scale_kernel<T, N><<<grid, block, 0, stream>>>(  \
      out.data_ptr<T>(), in.data_ptr<T>(), size);

namespace vllm {

template <typename scalar_t, int VEC>
__global__ void __launch_bounds__(1024) scale_kernel(
    scalar_t* __restrict__ out, const scalar_t* __restrict__ in, const int64_t size) {
  extern __shared__ __align__(16) char raw[];
  __shared__ float s_sum;
  float sum = 0.0f;
#pragma unroll
  for (int i = threadIdx.x; i < size; i += blockDim.x) {
    float x = static_cast<float>(VLLM_LDG(&in[i]));
    sum += x * x;
  }
  if (threadIdx.x == 0) {
    s_sum = rsqrtf(sum / size);
  }
  __syncthreads();
  asm volatile("mov.u32 %0, %%smid;" : "=r"(*(int*)raw));
  out[threadIdx.x] = (scalar_t)(s_sum);
}

struct __align__(16) Pack { float v[4]; };

}  // namespace vllm

void scale(torch::Tensor& out, torch::Tensor& in) {
  const int64_t size = in.size(-1);
  dim3 grid(1), block(std::min<int64_t>(size, 1024));
  const cudaStream_t stream = at::cuda::getCurrentCUDAStream();
  VLLM_DISPATCH_FLOATING_TYPES(in.scalar_type(), "scale_kernel", [&] {
    vllm::scale_kernel<scalar_t, 4><<<grid, block, 0, stream>>>(
        out.data_ptr<scalar_t>(), in.data_ptr<scalar_t>(), size);
  });
}

template class Launcher<float>;

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("scale(Tensor! out, Tensor in) -> ()");
}
"#;

    fn edited(from: &str, to: &str) -> Parsed {
        let after = KERNEL.replacen(from, to, 1);
        assert_ne!(after, KERNEL, "{from} is not there");
        let differs = after.lines().zip(KERNEL.lines()).position(|(after, before)| after != before).unwrap_or_default();
        let added = vec![u32::try_from(differs + 1).unwrap_or_default()];
        let (before, after) = (KERNEL.as_bytes(), after.as_bytes());
        parse(&Source { language: Language::Cuda, path: "csrc/a.cu", before: Some(before), after, added })
    }

    #[test]
    fn code_like_vllms_is_fine() {
        assert_eq!(edited("sum += x * x;", "sum = fmaf(x, x, sum);"), Parsed::Fine);
        assert_eq!(edited("  __syncthreads();\n", ""), Parsed::Fine);
        assert_eq!(
            edited("template class Launcher<float>;", "template class Launcher<half>;\ntemplate class Launcher<float>;"),
            Parsed::Fine
        );
        let before = KERNEL.as_bytes();
        let alone = Source { language: Language::Cuda, path: "a.cu", before: None, after: before, added: Vec::new() };
        assert_eq!(parse(&alone), Parsed::Fine);
    }

    #[test]
    fn what_the_patch_broke_is_broken() {
        for (from, to) in [
            ("    sum += x * x;\n  }\n", "    sum += x * x;\n"),
            ("rsqrtf(sum / size);", "rsqrtf(sum / size;"),
            ("  float sum = 0.0f;\n", "  float sum = 0.0f\n"),
            ("  __syncthreads();\n", "  __syncthreads();\n<<<<<<< HEAD\n"),
            ("s_sum = rsqrtf", "s_sum == = rsqrtf"),
        ] {
            assert!(matches!(edited(from, to), Parsed::Broken(_)), "{from}: {:?}", edited(from, to));
        }
    }

    #[test]
    fn what_a_macro_may_explain_is_not_the_patchs_fault() {
        let added = edited("  float sum = 0.0f;\n", "  float sum = 0.0f;\n  CHECK_SOMETHING(sum)\n");
        assert!(!matches!(added, Parsed::Broken(_)), "{added:?}");
        // as bad before
        let before = KERNEL.replacen("rsqrtf(sum / size);", "rsqrtf(sum / size;", 1);
        let after = before.replacen("sum += x * x;", "sum = fmaf(x, x, sum);", 1);
        let source =
            Source { language: Language::Cuda, path: "a.cu", before: Some(before.as_bytes()), after: after.as_bytes(), added: vec![19] };
        assert_eq!(parse(&source), Parsed::Fine);
        let alone = Source { before: None, ..source };
        assert!(matches!(parse(&alone), Parsed::Unknown(_)));
    }
}
