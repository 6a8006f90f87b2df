# Redraws the picture: gnuplot './latency-cdf.gp'
set terminal svg size 640,485 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './latency-cdf.svg'
data = './latency-cdf.dat'
set encoding utf8
set label 1 'Latency of accesses: share served within a time' at screen 0.0187,0.9629 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9237 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.8928 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.8619 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.0866 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.1250
set rmargin at screen 0.9531
set tmargin at screen 0.8247
set bmargin at screen 0.2062
set logscale x
set format x '%.0s%cs'
set xlabel 'latency'
set ylabel 'share of accesses (%)'
set yrange [0:100]
plot data index 0 using ($1*1e-9):2 with steps lw 2 lc rgb '#0072B2' title 'A: fault/<script>alert(1)...ch hacked`$(touch hacked)%s\n{/Bold x}_^@ (n = 300)', \
     data index 1 using ($1*1e-9):2 with steps lw 2 lc rgb '#D55E00' title 'label:b: fault/<script>al...ch hacked`$(touch hacked)%s\n{/Bold x}_^@ (n = 600)'
unset output
