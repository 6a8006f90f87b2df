# Redraws the picture: gnuplot './stages.gp'
set terminal svg size 640,439 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './stages.svg'
data = './stages.dat'
set encoding utf8
set label 1 'Where the time of a fault goes, by the driver''s counters' at screen 0.0187,0.9590 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9157 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.8815 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.8474 left font ',11' textcolor rgb '#444444'
set label 5 'medians of n = 3 to 6 repetitions; all handling of a benchmark / faults served' at screen 0.0187,0.8132 left font ',11' textcolor rgb '#444444'
set label 6 'a bar beside a benchmark''s name alone: A' at screen 0.0187,0.7790 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.2779 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.4828
set rmargin at screen 0.9719
set tmargin at screen 0.7380
set bmargin at screen 0.4100
set yrange [5.6:-0.6]
set ytics ('fault/parallelism/read/threads:1' 0, 'label:b' 1, 'fault/parallelism/read/threads:2' 2, 'label:b' 3, 'fault/parallelism/read/threads:4' 4, 'label:b' 5) font ',10'
set grid noytics
set xrange [0:49.77]
set xlabel 'microseconds a fault'
set style fill solid 1 noborder
plot data index 0 using 2:1:2:3:($1-0.35):($1+0.25) with boxxyerror lc rgb '#0072B2' title 'wait in the queue', \
     data index 0 using 4:1:4:5:($1-0.35):($1+0.25) with boxxyerror lc rgb '#D55E00' title 'get pages', \
     data index 0 using 6:1:6:7:($1-0.35):($1+0.25) with boxxyerror lc rgb '#009E73' title 'migrate, without the copy', \
     data index 0 using 8:1:8:9:($1-0.35):($1+0.25) with boxxyerror lc rgb '#CC79A7' title 'copy', \
     data index 0 using 10:1:10:11:($1-0.35):($1+0.25) with boxxyerror lc rgb '#E69F00' title 'bind', \
     data index 0 using 12:1:12:13:($1-0.35):($1+0.25) with boxxyerror lc rgb '#bbbbbb' title 'rest: locks, lookup, waiting', \
     data index 0 using 14:1:14:15:($1+0.29):($1+0.42) with boxxyerror lc rgb '#000000' title 'TLB invalidation, in the above or not'
unset output
