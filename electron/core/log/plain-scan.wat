;; Looks through bytes sixteen at a time: is it text that needs no work, and how many lines? `npm run wasm` makes
;; plain-scan-binary.ts of this.
(module
  ;; The table of words, of 16 KB, at the beginning, and the bytes from 64 KB on: plain-scan.ts fills both.
  (memory (export "memory") 2)
  (global $lines (export "lines") (mut i32) (i32.const 0))

  ;; Goes on at the address `$at` up to the address `$end`, and adds the line ends to `lines`.
  ;; Returns `$end` when it came there; the address of sixteen bytes that have a word of the table in them, one of those every
  ;; `$stride` bytes (they are counted, so it may go on behind them); -1 when a byte is not ASCII, or a control character that
  ;; is neither a line end nor a tab.
  (func (export "scan") (param $at i32) (param $end i32) (param $stride i32) (result i32)
    (local $bytes v128) (local $ends v128) (local $look i32) (local $next i32) (local $hash i32)
    (block $done
      (loop $step
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $bytes (v128.load (local.get $at)))
        (local.set $ends (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 10))))
        ;; As signed numbers, bytes from 0x80 on are below 0x20 too.
        (if (v128.any_true
              (v128.andnot
                (v128.or
                  (i8x16.lt_s (local.get $bytes) (i8x16.splat (i32.const 0x20)))
                  (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x7f))))
                (v128.or (local.get $ends) (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 9))))))
          (then (return (i32.const -1))))
        (global.set $lines
          (i32.add (global.get $lines) (i32.popcnt (i8x16.bitmask (local.get $ends)))))
        (local.set $next (i32.add (local.get $at) (i32.const 16)))
        (local.set $look (local.get $at))
        ;; Seventeen bits of the hash: fourteen say which byte of the table, three which bit of that.
        (loop $word
          (local.set $hash (i32.mul (i32.load (local.get $look)) (i32.const 0x9e3779b1)))
          (if (i32.and
                (i32.shr_u
                  (i32.load8_u (i32.shr_u (local.get $hash) (i32.const 18)))
                  (i32.and (i32.shr_u (local.get $hash) (i32.const 15)) (i32.const 7)))
                (i32.const 1))
            (then (return (local.get $at))))
          (local.set $look (i32.add (local.get $look) (local.get $stride)))
          (br_if $word (i32.lt_u (local.get $look) (local.get $next))))
        (local.set $at (local.get $next))
        (br $step)))
    (local.get $end)))
